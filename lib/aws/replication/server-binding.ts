import { type IConnectable, Port } from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';

/** What a guard needs of a server. */
export interface ServerBinding {
  /** The instance or the cluster. */
  readonly server: IConstruct;
  /** Name in the signal and for readers: that of the instance or the cluster. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly connections: IConnectable;
  /** The family is that of a cluster. */
  readonly isCluster: boolean;
  /** Whether it is made in this app, and names no parameter group yet. */
  takesParameters(): boolean;
  /** Gives it a parameter group, by its name. */
  attach(parameters: string): void;
}

/** The way from a guard to a server. */
export function connect(guard: IConnectable, { connections, port }: ServerBinding): void {
  guard.connections.allowTo(connections, Port.tcp(port), 'Heartbeats and their reading');
}
