/** Time to live on a table that is given. */
import { Annotations, type IResolvable, Token } from 'aws-cdk-lib';
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { type Check, shown } from '../../flow/errors';

/** The resource of a table that this app makes; undefined for an imported one. */
function resourceOf(table: ITable | undefined): CfnTable | CfnGlobalTable | undefined {
  if (table instanceof CfnTable || table instanceof CfnGlobalTable) return table;
  const resource = table?.node.defaultChild;
  return resource instanceof CfnTable || resource instanceof CfnGlobalTable ? resource : undefined;
}

/** What is wrong with the time to live that the table has already. */
export function timeToLiveChecks(table: ITable | undefined, attribute: string): Check[] {
  const set = settingOf(table);
  return [
    {
      refused: set !== undefined && (set.enabled === false || set.attributeName !== attribute),
      message: `attribute must be that by which the table expires, ${shown(set?.attributeName)}, and enabled; got ${shown(attribute)}. Leave the time to live out of the table, or give this attribute`,
    },
  ];
}

/** Sets the time to live where the resource is at hand, and says what to do where it is not. */
export function ensureTimeToLive(scope: Construct, table: ITable, attributeName: string): void {
  const resource = resourceOf(table);
  if (resource !== undefined) {
    resource.timeToLiveSpecification ??= { attributeName, enabled: true };
    return;
  }
  Annotations.of(scope).addInfoV2(
    'Backpressure::time-to-live',
    `${table.node.path} is imported: its time to live has to be on, by ${attributeName}; an alarm fires while it is not`,
  );
}

interface Setting {
  readonly attributeName?: string;
  readonly enabled: boolean | IResolvable;
}

/** The setting as far as it is known at synthesis. */
function settingOf(table: ITable | undefined): Setting | undefined {
  const set = resourceOf(table)?.timeToLiveSpecification;
  if (set === undefined || Token.isUnresolved(set)) return undefined;
  return Token.isUnresolved((set as Setting).attributeName) ? undefined : (set as Setting);
}
