import { Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { ViaServicePrincipal } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';

/** Lets `grantee` read the value of the secret. The L2's `grantRead` also allows tags and rotation settings. */
export function grantSecretValue(secret: ISecret, grantee: IGrantable): Grant {
  const { region } = Stack.of(secret);
  secret.encryptionKey?.grantDecrypt(
    new ViaServicePrincipal(`secretsmanager.${region}.amazonaws.com`, grantee.grantPrincipal),
  );
  return Grant.addToPrincipalOrResource({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    // IAM does not match an ARN without the six random characters at its end.
    resourceArns: [secret.secretFullArn ?? `${secret.secretArn}-??????`],
    resource: secret,
  });
}
