/** Whether alarms reach their topics, told from a template alone. */
import type { Deployable } from './deployed';
import type { Untyped } from './stack';

export const CLOUDWATCH = 'cloudwatch.amazonaws.com';

/** Every alarm with a topic whose policy or key does not admit CloudWatch. */
export function mute({ Resources }: Deployable): string[] {
  const all = Object.entries<Untyped>(Resources);
  return all
    .filter(([, { Type }]) => /^AWS::CloudWatch::(Composite)?Alarm$/.test(Type))
    .flatMap(([alarm, { Properties }]) =>
      [Properties.AlarmActions ?? []]
        .flat()
        .map((action: Untyped) => action.Ref as string)
        .filter((topic) => Resources[topic]?.Type === 'AWS::SNS::Topic' && !hears(topic))
        .map((topic) => `${alarm} → ${topic}`),
    );

  function hears(topic: string): boolean {
    const policies = all.filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::SNS::TopicPolicy' && Properties.Topics.some((one: Untyped) => one.Ref === topic),
    );
    const admitted = policies.every(([, { Properties }]) => admits(Properties.PolicyDocument, 'sns:Publish'));
    const key = keyOf(Resources[topic].Properties?.KmsMasterKeyId);
    return admitted && (key === undefined || admits(Resources[key].Properties.KeyPolicy, 'kms:Decrypt'));
  }

  function keyOf(id: Untyped): string | undefined {
    const name: string | undefined = id?.Ref ?? id?.['Fn::GetAtt']?.[0] ?? aliasIn(id);
    if (name === undefined) return undefined;
    const target = Resources[name].Properties.TargetKeyId;
    return target ? keyOf(target) : name;
  }

  /** The ARN of an alias is put together of parts, its name among them. */
  function aliasIn(id: Untyped): string | undefined {
    const text = JSON.stringify(id) ?? '';
    return all.find(
      ([name, { Type, Properties }]) =>
        Type === 'AWS::KMS::Alias' && (text.includes(Properties.AliasName) || text.includes(`"${name}"`)),
    )?.[0];
  }
}

function admits({ Statement }: Untyped, action: string): boolean {
  return Statement.some(
    (one: Untyped) =>
      one.Effect === 'Allow' && one.Principal?.Service === CLOUDWATCH && [one.Action].flat().includes(action),
  );
}

/** Services that the policies of all resources of this type let in, in their order; `*` for everybody. */
export function publishersOf({ Resources }: Deployable, type: string): string[] {
  return Object.values<Untyped>(Resources)
    .filter(({ Type }) => Type === type)
    .flatMap(({ Properties }) => (Properties.PolicyDocument ?? Properties.KeyPolicy).Statement)
    .filter(({ Effect, Principal }: Untyped) => Effect === 'Allow' && (Principal.Service || Principal.AWS === '*'))
    .map(({ Principal }: Untyped) => Principal.Service ?? '*');
}
