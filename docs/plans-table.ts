import { AWS } from '../lib/rules/plans/aws';
import { OBJECTS, WHOLE } from '../lib/rules/plans/kubernetes';
import { tokenOf } from '../lib/rules/plans/pulumi';
import type { Field, Fields } from '../lib/rules/plans/row';

/** The types of Terraform and Pulumi that rules read, with the attributes that they are read from. */
export function plansTable(): string {
  const rows = Object.entries(AWS).map(([type, { type: becomes, part, properties, pulumi, renamed }]) => [
    `\`${type}\``,
    `\`${pulumi ?? tokenOf(type)}\``,
    `${part ? 'part of ' : ''}\`${becomes}\``,
    [...new Set(attributesOf(properties))].map((name) => spelt(name, renamed?.[name])).join(' '),
  ]);
  const objects = Object.entries(OBJECTS).map(([type, [version, kind]]) => [`\`${type}\``, `\`${version}\` ${kind}`]);
  const whole = Object.entries(WHOLE).map(([type, attribute]) => [`\`${type}\``, `what \`${attribute}\` holds`]);
  return [
    ...table(['Terraform', 'Pulumi', 'CloudFormation', 'read from'], rows),
    '',
    ...table(['Terraform', 'manifest'], [...whole, ...objects]),
  ].join('\n');
}

function spelt(name: string, inPulumi: string | undefined): string {
  return inPulumi === undefined ? `\`${name}\`` : `\`${name}\` (Pulumi: \`${inPulumi}\`)`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** The attributes of the resource itself; of a block, its name. */
function attributesOf(fields: Fields): string[] {
  return Object.values(fields).flatMap((field) => attributeOf(field));
}

function attributeOf(field: Field): string[] {
  if (typeof field === 'string') return [field.split('.')[0]];
  switch (field.as) {
    case 'object':
      return attributesOf(field.fields);
    case 'list':
    case 'either':
      return field.of.flatMap(attributeOf);
    case 'known':
    case 'without':
      return attributeOf(field.of);
    case 'set':
      return [];
    default:
      return [field.from.split('.')[0]];
  }
}
