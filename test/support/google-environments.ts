/** The reference environments on Google Cloud, made as their programs make them. */
import { referenceEnvironment } from '../../bin/gcp/environment';
import { workEnvironment } from '../../bin/gcp/work/environment';

/** Everything that `bin/gcp` and `bin/gcp/work` make, by the keys that they return. */
export function googleEnvironments() {
  const location = 'europe-west1';
  return {
    ...referenceEnvironment({
      location,
      receiverImage: 'receiver',
      consumerImage: 'consumer',
      githubSecret: 'open sesame',
    }),
    ...workEnvironment({ location, orderImage: 'order', imageImage: 'image' }),
  };
}
