import { credentialIn, credentialInWords } from '../credentials';
import type { Resource, Value } from '../document';
import type { Found, Rule } from '../rule';
import type { Manifests } from './read/manifests';

/** Names that environment variables have. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const FIX =
  'move it to a Secret, and take it from there with valueFrom.secretKeyRef; arguments name the variable as $(NAME)';

/** Rules about credentials in manifests. */
export const SECRET_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-SECRET-001',
    title: 'The credential of a broker or database in plain text',
    why: 'Everyone who may read the workload, its Git repository or the list of processes can read, publish and delete messages. A rotation needs a new deployment of each workload.',
    source: 'Kubernetes, "Good practices for Kubernetes Secrets"; "Distribute Credentials Securely Using Secrets"',
    severity: 'error',
    cases: [2, 6],
    *check(manifests) {
      for (const workload of manifests.workloads())
        for (const container of manifests.everyContainer(workload)) yield* inContainer(container);
      for (const map of manifests.ofType('ConfigMap')) yield* inVariables(map);
    },
  },
];

function* inContainer(container: Value): Iterable<Found> {
  const who = container.at('name').text() ?? 'a container';
  for (const variable of container.at('env').items()) {
    const [name, at] = [variable.at('name').text() ?? '', variable.at('value')];
    const kind = credentialIn(name, at.text() ?? '');
    if (kind !== undefined) yield { at, message: `the variable ${name} of ${who} has ${kind} in plain text`, fix: FIX };
  }
  for (const key of ['command', 'args']) {
    const words = container.at(key).items();
    const found = credentialInWords(words.map((word) => word.text()));
    if (!found) continue;
    yield {
      at: words[found.word],
      message: `${key} of ${who} ${key === 'args' ? 'have' : 'has'} ${found.kind} in plain text`,
      fix: FIX,
    };
  }
}

/** A ConfigMap whose entries are variables; a file in it is a text of its own. */
function* inVariables(map: Resource): Iterable<Found> {
  for (const [name, at] of map.at('data').entries()) {
    const text = at.text() ?? '';
    const kind = VARIABLE.test(name) && !/\n./.test(text) ? credentialIn(name, text) : undefined;
    if (kind !== undefined) yield { at, message: `the entry ${name} has ${kind} in plain text`, fix: FIX };
  }
}
