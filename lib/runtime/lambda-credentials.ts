/**
 * Takes the place of the ways in which a client of AWS looks for credentials outside of Lambda, in the bundles of
 * functions: a profile, single sign-on, a process, a token in a file. Lambda gives a function its credentials in the
 * environment, where a client looks first. The other ways are a tenth of a bundle.
 *
 * Source: AWS Lambda Developer Guide, "Defined runtime environment variables".
 */

/** The chain of a client goes on with its next link, and says in the end that it has found none. */
function notOnLambda(): () => Promise<never> {
  return async () => {
    const error = new Error(
      'a function of this package takes its credentials from the environment, as Lambda sets them',
    );
    throw Object.assign(error, { name: 'CredentialsProviderError', tryNextLink: true });
  };
}

export const fromSSO = notOnLambda;
export const fromIni = notOnLambda;
export const fromProcess = notOnLambda;
export const fromTokenFile = notOnLambda;
