/** Kinds of values that props of Kubernetes constructs are. Known by their members: a second copy of cdk8s has other classes. */
import { having, type Kinds, needed, struct, TEXT } from '../flow/kinds';
import type { SecretKey } from './secret-key';

export const DURATION = having(['toSeconds', 'toHumanString'], 'a Duration of cdk8s: Duration.seconds(30)');
export const SIZE = having(['toMebibytes'], 'a Size of cdk8s: Size.mebibytes(64)');
export const SECRET_KEY = struct<SecretKey>({ secretName: needed(TEXT), key: needed(TEXT) } satisfies Kinds<SecretKey>);
