/**
 * Annotations by which the tools that prune leave an object alone: deleting it would delete what it stands for, with the
 * data in it. `kubectl delete` is not held back by them.
 *
 * Source: Helm, Chart Development Tips, "Tell Helm Not To Uninstall a Resource"; Argo CD, Sync Options, "No Prune
 * Resources" and "No Resource Deletion"; Flux, Kustomization, "Controlling the apply behavior", prune.
 */
export const RETAINED: Readonly<Record<string, string>> = {
  'helm.sh/resource-policy': 'keep',
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
