/** What a synthesis knows of a function: all of one that this app defines, little of any other. */
import { Duration, Token } from 'aws-cdk-lib';
import { Architecture, CfnFunction, type IFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { lambdaBusyHourCost } from '../flow/compute-cost';
import { type Check, isKnown } from '../flow/errors';
import { DEFAULT_FUNCTION_SECONDS, LONGEST_FUNCTION_SECONDS } from '../flow/queue/platforms/lambda';
import type { Workload } from '../flow/queue/workload';
import { resolvedNumber, resolvedSeconds, wholeSeconds } from './tokens';

/** Lambda's own default. */
const DEFAULT_MEMORY_MIB = 128;

/** The function behind an alias or a version, where this app defines it; undefined for an imported one. */
export function definedFunction(fn: IFunction): LambdaFunction | undefined {
  const { lambda } = fn as { readonly lambda?: IFunction };
  if (lambda !== undefined) return definedFunction(lambda);
  return fn.node.defaultChild instanceof CfnFunction ? (fn as LambdaFunction) : undefined;
}

/** The time-out: of the function where this app defines it, otherwise as given. */
export function functionTimeout(fn: IFunction, given: Duration | undefined): Duration | undefined {
  const defined = definedFunction(fn);
  return defined === undefined ? given : (defined.timeout ?? Duration.seconds(DEFAULT_FUNCTION_SECONDS));
}

/** That the mapping will call the function that is meant, and that its time-out is known, once. */
export function givenFunctionChecks(fn: IFunction, given: Duration | undefined): Check[] {
  const defined = definedFunction(fn);
  const [own, told] = [functionTimeout(fn, undefined), given].map(resolvedSeconds);
  return [
    wholeSeconds("the function's time-out", functionTimeout(fn, given), 1, LONGEST_FUNCTION_SECONDS),
    {
      refused: isQualifierLost(fn),
      message: `function ${fn.node.path} is imported by the ARN of a version or an alias, ${fn.functionArn}, and the CDK maps its name alone, which is the newest code; use Alias.fromAliasAttributes() or Version.fromVersionArn()`,
    },
    {
      refused: defined === undefined && given === undefined,
      message: `functionTimeout must be given for ${fn.node.path}, which this app does not define, got none`,
    },
    {
      refused: defined !== undefined && told !== undefined && told !== own,
      message: `functionTimeout must be that of the function ${fn.node.path}, ${own} s, got ${told} s; leave it out`,
    },
  ];
}

/** Whether the ARN names a version or an alias, and the name that goes into a mapping does not. */
function isQualifierLost({ functionArn, functionName }: IFunction): boolean {
  if (Token.isUnresolved(functionArn) || Token.isUnresolved(functionName)) return false;
  return functionArn.split(':').length > ARN_PARTS && !functionName.includes(':');
}

/** arn:aws:lambda:region:account:function:name; a version or an alias comes after it. */
const ARN_PARTS = 7;

/** Memory in MiB where this app defines the function and it is known. */
export function functionMemory(fn: IFunction): number | undefined {
  const defined = definedFunction(fn);
  return defined && resolvedNumber((defined.node.defaultChild as CfnFunction).memorySize ?? DEFAULT_MEMORY_MIB);
}

/** US dollars for an hour of one concurrent invocation; undefined when only the deployment knows the memory. */
export function functionHourCost(fn: IFunction, workload: Workload): number | undefined {
  const defined = definedFunction(fn);
  const memoryMiB = functionMemory(fn);
  // A service time out of range is refused by the plan, with its name.
  if (memoryMiB === undefined || !(isKnown(workload?.serviceSeconds) && workload.serviceSeconds > 0)) return undefined;
  return lambdaBusyHourCost(memoryMiB, defined?.architecture === Architecture.ARM_64, workload.serviceSeconds);
}

/** The concurrency that is reserved for the function; undefined where none is, or it is not known. */
export function reservedConcurrency(fn: IFunction): number | undefined {
  const resource = definedFunction(fn)?.node.defaultChild as CfnFunction | undefined;
  return resolvedNumber(resource?.reservedConcurrentExecutions);
}
