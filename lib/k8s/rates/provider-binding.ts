/** What a sender's container is told of a provider. */
import type { Check } from '../../flow/errors';
import type { ContainerLane } from '../../runtime/sender-container/lane';
import type { Egress } from '../network-policy';
import type { SecretKey } from '../secret-key';

/** What a container needs to send by a provider. */
export interface ProviderBinding {
  /** Its checks; the names of its fields begin with the prefix. */
  readonly checks: (prefix: string) => Check[];
  /** What the sender is told, with the variables of that prefix. */
  readonly lane: (variables: string) => Pick<ContainerLane, 'kind' | 'urlFrom' | 'requireTls' | 'keyFrom' | 'header'>;
  readonly environment: (variables: string) => Record<string, string>;
  readonly secrets: (variables: string) => Record<string, SecretKey>;
  /** Made after the checks have passed. */
  readonly egress: () => Egress;
}
