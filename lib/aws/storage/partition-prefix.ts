import { Token } from 'aws-cdk-lib';
import { type Check, validate } from '../../flow/errors';

/**
 * The part of a key that names the service, in Hive's notation, which Athena, Glue and Spark read.
 *
 * @throws InvalidInputError when the name has a character that would break the notation
 */
export function servicePrefix(subject: string, service: string): string {
  validate(subject, [serviceCheck(service)]);
  return `service=${service}/`;
}

/**
 * Glue table parameters of Athena's partition projection over `service=…/date=…/`, `days` back.
 *
 * @throws InvalidInputError when there is no service, or one whose name would break the notation
 */
export function partitionProjection(
  subject: string,
  services: string[],
  bucketName: string,
  days: number,
): { [key: string]: string } {
  validate(subject, [
    { refused: services.length === 0, message: 'services must name at least one service, got none' },
    ...services.map(serviceCheck),
  ]);
  return {
    'projection.enabled': 'true',
    'projection.service.type': 'enum',
    'projection.service.values': services.join(','),
    'projection.date.type': 'date',
    'projection.date.format': 'yyyy-MM-dd',
    'projection.date.range': `NOW-${days}DAYS,NOW`,
    'storage.location.template': `s3://${bucketName}/service=\${service}/date=\${date}/`,
  };
}

/** That the name of a service can be part of a key. */
export function serviceCheck(service: string): Check {
  return {
    refused: !Token.isUnresolved(service) && !/^[A-Za-z0-9_.-]{1,128}$/.test(service),
    message: `service must be 1 to 128 letters, digits, '-', '_' or '.', got '${service}'`,
  };
}
