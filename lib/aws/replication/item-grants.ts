/** Rights on items of a table, by the partition in which they are. */
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';

/** Lets a principal do that with items of one partition. */
export function grantItems(table: ITable, grantee: IGrantable, actions: string[], partition: string): Grant {
  const conditions = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [partition] } };
  return Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn], conditions });
}
