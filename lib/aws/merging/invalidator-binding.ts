import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { InvalidatorName } from '../../flow/merging/invalidators';
import type { InvalidatorSetting } from '../../runtime/coalescer/handler';
import type { RuntimeFunctionNetwork } from '../runtime-function';

/** What an invalidator is to a merger. */
export interface InvalidatorBinding {
  readonly name: InvalidatorName;
  readonly setting: InvalidatorSetting;
  readonly network?: RuntimeFunctionNetwork;
  readonly grant: (merger: IFunction) => void;
}
