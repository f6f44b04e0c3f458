/** The providers of a sender on AWS: Amazon SES here and in another Region, and what may be asked of them. */
import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { CfnTenant, IConfigurationSet } from 'aws-cdk-lib/aws-ses';
import type { Construct } from 'constructs';
import { bucketSettings } from '../../flow/rates/question';
import type { RatesPlan } from '../../flow/rates/workload';
import type { LaneSetting } from '../../runtime/sender/handler';
import type { RateLimitedSenderProps, StandbyProvider } from './rate-limited-sender-props';

/** Names of the buckets in the table. */
const FIRST = 'ses';
const STANDBY = 'standby';
/** Amazon SES as a sender uses it. */
export class SesLanes {
  constructor(
    private readonly scope: Construct,
    private readonly props: RateLimitedSenderProps,
    private readonly configurationSet: IConfigurationSet,
    private readonly plan: RatesPlan,
    private readonly tenant: CfnTenant | undefined,
  ) {}

  /** The providers, the first one first, as the senders read them. */
  public lanes(): LaneSetting[] {
    const { from, identity, standby } = this.props;
    const first: LaneSetting = {
      name: FIRST,
      from,
      identityArn: identity.emailIdentityArn,
      configurationSet: this.configurationSet.configurationSetName,
      ...(this.tenant !== undefined && { tenant: this.tenant.ref }),
      pace: bucketSettings(this.plan, 'first'),
      connections: this.plan.value('connections'),
    };
    if (standby === undefined) return [first];
    return [
      first,
      {
        name: STANDBY,
        from,
        region: standby.region,
        identityArn: this.standbyIdentityArn(standby),
        configurationSet: standby.configurationSetName,
        pace: bucketSettings(this.plan, 'standby'),
        connections: this.plan.value('connections'),
      },
    ];
  }

  /** A mail by a template needs both: Amazon SES checks the action of the first version of its API as well [unverified]. */
  public sendingActions(): string[] {
    const { templates = [] } = this.props;
    return ['ses:SendEmail', ...(templates.length > 0 ? ['ses:SendTemplatedEmail'] : [])];
  }

  /** What a mail names, each of which Amazon SES checks the permission for. */
  public sendingArns(): string[] {
    const { identity, standby, templates = [] } = this.props;
    return [
      identity.emailIdentityArn,
      ...(standby === undefined ? [] : [this.standbyIdentityArn(standby)]),
      ...this.configurationSetArns(),
      // Whether Amazon SES asks for it as well was not tried.
      ...(this.tenant === undefined ? [] : [this.tenant.attrArn]),
      ...templates.flatMap((name) => this.sesArns('template', name, name)),
    ];
  }

  /** An identity that is known by its name has an ARN in the region of this stack. */
  private standbyIdentityArn({ identity, region }: StandbyProvider): string {
    const { emailIdentityArn: arn } = identity;
    const isThere = !Token.isUnresolved(arn) && Arn.split(arn, ArnFormat.SLASH_RESOURCE_NAME).region === region;
    if (isThere) return arn;
    return Stack.of(this.scope).formatArn({
      service: 'ses',
      resource: 'identity',
      resourceName: identity.emailIdentityName,
      region,
    });
  }

  /** The configuration sets that mails name. */
  public configurationSetArns(): string[] {
    const { configurationSet, props } = this;
    return this.sesArns(
      'configuration-set',
      configurationSet.configurationSetName,
      props.standby?.configurationSetName,
    );
  }

  private sesArns(resource: string, here: string, there: string | undefined): string[] {
    const { standby } = this.props;
    const stack = Stack.of(this.scope);
    return [
      stack.formatArn({ service: 'ses', resource, resourceName: here }),
      ...(standby === undefined || there === undefined
        ? []
        : [stack.formatArn({ service: 'ses', resource, resourceName: there, region: standby.region })]),
    ];
  }
}
