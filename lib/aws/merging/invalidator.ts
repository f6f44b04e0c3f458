import { Token } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { IConnectable, ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, NUMBER, needed, type Sound, sound, TEXT } from '../../flow/kinds';
import type { InvalidatorName } from '../../flow/merging/invalidators';
import { REDIS_PORT } from '../../flow/redis';
import { LAMBDA, SECRET, SECURITY_GROUP, VPC } from '../kinds';
import { grantSecretValue } from '../secret-value';
import type { InvalidatorBinding } from './invalidator-binding';

/**
 * A function that rebuilds what is cached.
 */
export interface LambdaInvalidatorProps {
  /**
   * The function. It is invoked with `{"keys": [{"key", "value", "id", "events"}]}`, every key once with its last event, and
   * waited for. It may answer `{"failed": ["key"]}`; when it throws, or answers what is neither that nor empty, all of its
   * keys have failed.
   */
  readonly function: IFunction;
}

/**
 * A distribution of Amazon CloudFront.
 */
export interface CloudFrontInvalidatorProps {
  /**
   * The distribution. Keys are paths, such as `/products/7`, or tags that begin with `#`, such as `#product-7`, for a
   * distribution with `CacheTagConfig`. A path or a tag costs the same, and one tag stands for every path that has it. Of
   * paths with a wildcard, CloudFront takes 15 a minute.
   */
  readonly distribution: IDistribution;

  /**
   * A path with a wildcard at its end, such as `/products/*`, that a flush sends in place of the paths that it covers when it
   * has more keys than the distribution takes: the knob `wildcardAboveKeys`. That costs as much as one path, and evicts all
   * that is cached below it, also what has not changed. Tags, and paths elsewhere, are sent as they are. It begins with `/`,
   * has one `*`, at its end, and at most 4,000 characters.
   *
   * @default - none: paths that are too many wait until the others are done
   */
  readonly wildcardFallback?: string;
}

/**
 * A cache of Amazon ElastiCache, or any other Redis or Valkey in a VPC.
 */
export interface CacheInvalidatorProps {
  /**
   * Its host name: the primary endpoint, or, with `clusterMode`, the configuration endpoint. It is connected to by TLS.
   */
  readonly host: string;

  /**
   * Whether its keys are spread over shards (cluster mode enabled). A client that does not know gets `MOVED` for the keys of
   * other shards, and they stay stale.
   *
   * @default false
   */
  readonly clusterMode?: boolean;

  /**
   * Its port. 1 to 65535.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * What stands before every key in the cache, such as `page:`.
   *
   * @default - nothing
   */
  readonly keyPrefix?: string;

  /**
   * A secret with the password, or with JSON of `username` and `password`. It is read with every new connection.
   *
   * @default - the cache asks for none
   */
  readonly secret?: ISecret;

  /**
   * The VPC of the cache. Its subnets need a way to AWS Secrets Manager and Amazon SQS.
   */
  readonly vpc: IVpc;

  /**
   * The subnets of the merger.
   *
   * @default - the private ones
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The cache, or its security group, which lets the merger in.
   *
   * @default - you allow it: `cache.connections.allowFrom(queue.securityGroup!, Port.tcp(6379))`
   */
  readonly connectTo?: IConnectable;

  /**
   * The security group of the merger. It needs a way out to the cache, and to AWS Secrets Manager and Amazon SQS by port 443.
   *
   * @default - a new one with that way out
   */
  readonly securityGroup?: ISecurityGroup;
}

/**
 * What is done with the distinct keys of a window. Pick one of the three.
 */
export class Invalidator {
  /** A function gets the keys and rebuilds what is cached. */
  public static lambda(props: LambdaInvalidatorProps): Invalidator {
    const judged = sound(props, LAMBDA_KINDS, 'invalidator');
    return new Invalidator('rebuild', judged, () => ({
      name: 'rebuild',
      setting: { functionName: props.function.functionArn },
      // Not `grantInvoke`, which allows every version and alias as well.
      grant: (merger) => {
        Grant.addToPrincipal({
          grantee: merger,
          actions: ['lambda:InvokeFunction'],
          resourceArns: [props.function.functionArn],
        });
      },
    }));
  }

  /** Paths or tags are invalidated. The price of a path is part of the plan. */
  public static cloudFront(props: CloudFrontInvalidatorProps): Invalidator {
    const judged = sound(props, CLOUDFRONT_KINDS, 'invalidator');
    const { wildcardFallback } = judged.props;
    return new Invalidator(
      'cloudfront',
      { ...judged, checks: [...judged.checks, wildcardCheck(wildcardFallback)] },
      () => ({
        name: 'cloudfront',
        setting: {
          distributionId: props.distribution.distributionId,
          ...(wildcardFallback !== undefined && { wildcard: wildcardFallback }),
        },
        grant: (merger) => props.distribution.grantCreateInvalidation(merger),
      }),
      wildcardFallback !== undefined,
    );
  }

  /** Keys of a cache are deleted, by `UNLINK`. */
  public static cache(props: CacheInvalidatorProps): Invalidator {
    const judged = sound(props, CACHE_KINDS, 'invalidator');
    return new Invalidator('cache', judged, (scope) => bindCache(scope, props));
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _name: InvalidatorName,
    /**
     * What is wrong with its props.
     *
     * @internal
     */
    public readonly _judged: Sound<object>,
    /** @internal */
    public readonly _bind: (scope: Construct) => InvalidatorBinding,
    /**
     * Whether a wildcard takes the place of too many paths.
     *
     * @internal
     */
    public readonly _wildcardFallback = false,
  ) {}
}

/** Amazon CloudFront developer guide, What you need to know when invalidating files: the wildcard is the last character. */
const WILDCARD = /^\/[\x21-\x29\x2b-\x7e]{0,3998}\*$/;

function wildcardCheck(wildcard: string | undefined): Check {
  return {
    refused: wildcard !== undefined && !Token.isUnresolved(wildcard) && !WILDCARD.test(wildcard),
    message: `invalidator.wildcardFallback must begin with / and have one *, at its end, such as /products/*, got ${shown(wildcard)}`,
  };
}

const LAMBDA_KINDS: Kinds<LambdaInvalidatorProps> = { function: needed(LAMBDA) };
const CLOUDFRONT_KINDS: Kinds<CloudFrontInvalidatorProps> = {
  distribution: needed(
    having(
      ['distributionId', 'node'],
      'a distribution of Amazon CloudFront: a Distribution or Distribution.fromDistributionAttributes()',
    ),
  ),
  wildcardFallback: TEXT,
};
const CACHE_KINDS: Kinds<CacheInvalidatorProps> = {
  host: needed(TEXT),
  clusterMode: FLAG,
  port: NUMBER,
  keyPrefix: TEXT,
  secret: SECRET,
  vpc: needed(VPC),
  vpcSubnets: CHECKED,
  connectTo: having(['connections'], 'what has connections: a SecurityGroup, or a Connections'),
  securityGroup: SECURITY_GROUP,
};

/** It reaches services of AWS and the cache, and nothing else. */
function ownSecurityGroup(scope: Construct, vpc: IVpc, cachePort: number | undefined): SecurityGroup {
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    description: 'Merger of invalidations',
    allowAllOutbound: false,
  });
  group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'AWS Secrets Manager and Amazon SQS');
  // With `connectTo` it is let out to the cache alone.
  if (cachePort !== undefined) group.addEgressRule(Peer.anyIpv4(), Port.tcp(cachePort), 'the cache');
  return group;
}

function bindCache(scope: Construct, props: CacheInvalidatorProps): InvalidatorBinding {
  const { host, port = REDIS_PORT, keyPrefix = '', secret, vpc, vpcSubnets, connectTo, clusterMode } = props;
  const securityGroup = props.securityGroup ?? ownSecurityGroup(scope, vpc, connectTo === undefined ? port : undefined);
  connectTo?.connections.allowFrom(securityGroup, Port.tcp(port), 'merger of invalidations');
  return {
    name: 'cache',
    setting: {
      cache: {
        host,
        port,
        prefix: keyPrefix,
        ...(clusterMode === true && { isCluster: true }),
        ...(secret !== undefined && { secretArn: secret.secretArn }),
      },
    },
    network: { vpc, vpcSubnets, securityGroup },
    grant: (merger) => {
      if (secret !== undefined) grantSecretValue(secret, merger);
    },
  };
}
