/**
 * Annotations that make pruning tools keep an object: deleting it would delete the resource that it represents, with
 * its data. They do not stop `kubectl delete`.
 *
 * Source: Helm, Chart Development Tips, "Tell Helm Not To Uninstall a Resource"; Argo CD, Sync Options, "No Prune
 * Resources" and "No Resource Deletion"; Flux, Kustomization, "Controlling the apply behavior", prune.
 */
export const RETAINED: Readonly<Record<string, string>> = {
  'helm.sh/resource-policy': 'keep',
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
