import { type IConnectable, Port } from 'aws-cdk-lib/aws-ec2';

/** What a guard needs of a server. */
export interface ServerBinding {
  /** Name in the signal and for readers: that of the instance or the cluster. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly connections: IConnectable;
  /** The family is that of a cluster. */
  readonly isCluster: boolean;
  /** Gives it the parameters, where it has none of its own. */
  attach(parameters: string): void;
}

/** The way from a guard to a server. */
export function connect(guard: IConnectable, { connections, port }: ServerBinding): void {
  guard.connections.allowTo(connections, Port.tcp(port), 'Heartbeats and their reading');
}
