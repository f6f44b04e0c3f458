import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import { EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';

/** Events of the pricing jobs, which are of value for weeks: a table that would keep them for ever (case 16). */
export class Retention extends Construct {
  /** The events. */
  public readonly events: TtlTable;

  constructor(scope: Construct, id: string, { alarmTopic }: { readonly alarmTopic: ITopic }) {
    super(scope, id);
    this.events = new TtlTable(this, 'Events', {
      ...EVENTS_TABLE,
      createdAttribute: 'createdAt',
      partitionKey: { name: 'job', type: AttributeType.STRING },
      sortKey: { name: 'createdAt', type: AttributeType.NUMBER },
      alarmTopic,
    });
  }
}
