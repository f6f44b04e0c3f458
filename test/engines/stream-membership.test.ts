/**
 * The membership of the stream worker on a real Kafka, in the middle of what a group does: partitions are dealt out while it
 * commits, it is told to end while it joins, its topic gets more partitions, and its broker does not answer.
 *
 * The broker has the number 1: with 0 the client takes its coordinator for unknown, and some of these faults do not show.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { SESSION_SECONDS } from '../../lib/flow/streams/platforms';
import { ended } from '../support/ended';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import { type Kafka, kafkaMissing, startKafka } from './kafka';
import type { Command, Told } from './stream-group/peer';

const USER = { username: 'admin', password: 'admin-2Rk8' };
const SCRIPTS = join(__dirname, 'stream-group');
/** Of a group that waits for nobody. A member that is missed costs it a session, 45 s. */
const SOON_SECONDS = 20;

const missing = kafkaMissing();
const described = missing ? describe.skip : describe;

described(`a member of a group on a real Kafka${missing ? ` (${missing})` : ''}`, () => {
  let kafka: Kafka;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    kafka = await startKafka({ [USER.username]: USER.password });
  }, 180_000);

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await kafka?.stop();
  }, 60_000);

  async function withTopic(topic: string): Promise<void> {
    const args = ['--create', '--topic', topic, '--partitions', '2'];
    await kafka.tool('org.apache.kafka.tools.TopicCommand', USER.username, args);
  }

  function start(script: string, env: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(process.execPath, ['--import', 'tsx', join(SCRIPTS, script)], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  /** A worker, and what it says. */
  function startPod(topic: string) {
    const child = start('pod.ts', {
      BOOTSTRAP_SERVERS: kafka.tlsBroker,
      TOPIC: topic,
      CONSUMER_GROUP: `${topic}-readers`,
      DEAD_TOPIC: `${topic}.dead`,
      BATCH_SIZE: '1',
      RETRY_ATTEMPTS: '3',
      ITEM_TIMEOUT_SECONDS: '30',
      KAFKA_CA: readFileSync(kafka.certificateFile, 'utf8'),
      KAFKA_USERNAME: USER.username,
      KAFKA_PASSWORD: USER.password,
    });
    const lines: string[] = [];
    createInterface({ input: child.stdout as Readable }).on('line', (line) => lines.push(line));
    const says = (line: string, seconds = 60) => until(`a worker says ${line}`, () => lines.includes(line), seconds);
    return { child, lines, says, go: () => child.send('go') };
  }

  /** A member that joins when it is told to. */
  async function startPeer(topic: string) {
    const child = start('peer.ts', {
      BROKER: kafka.tlsBroker,
      CA: kafka.certificateFile,
      USERNAME: USER.username,
      PASSWORD: USER.password,
      TOPIC: topic,
      GROUP: `${topic}-readers`,
    });
    const told: Told[] = [];
    child.on('message', (message: Told) => told.push(message));
    /** The next of that kind. */
    const tells = async <Kind extends Told['kind']>(kind: Kind, seconds = 60) => {
      const find = () => told.findIndex((one) => one.kind === kind);
      await until(`a peer tells ${kind}`, () => find() >= 0 || child.exitCode !== null, seconds);
      expect(child.exitCode).toBeNull();
      return told.splice(find(), 1)[0] as Extract<Told, { kind: Kind }>;
    };
    const ask = (command: Command) => child.send(command);
    const joins = async (seconds = 60) => {
      ask({ kind: 'join' });
      const joined = await tells('joined', seconds);
      // What it heard before.
      told.splice(0);
      return joined;
    };
    const deals = async (partitions: Readonly<Record<string, readonly number[]>>) => {
      ask({ kind: 'deal', partitions });
      await tells('dealt');
    };
    const sends = async (partition: number, value: string) => {
      ask({ kind: 'send', partition, value });
      await tells('sent');
    };
    await tells('ready');
    return { child, tells, joins, deals, sends };
  }

  /** A peer leads the group, and a worker has partition 0. */
  async function startPair(topic: string) {
    await withTopic(topic);
    const peer = await startPeer(topic);
    const { memberId } = await peer.joins();
    await peer.deals({ [memberId]: [0, 1] });
    const pod = startPod(topic);
    await peer.tells('rebalance');
    const { members } = await peer.joins();
    const worker = members.find((one) => one !== memberId) as string;
    await peer.deals({ [memberId]: [1], [worker]: [0] });
    await pod.says('{"partitions":[0]}');
    return { peer, pod, memberId, worker };
  }

  test('a commit that is refused between JoinGroup and SyncGroup: the client that commits does not join, and what is dealt is read', async () => {
    const { peer, pod, memberId, worker } = await startPair('refused');
    await peer.sends(0, 'hold');
    await pod.says('HOLDING');
    // All have joined, and the leader has not dealt out yet.
    const { members } = await peer.joins();
    expect(members).toContain(worker);
    pod.go();
    await pod.says('COMMIT refused');
    await peer.deals({ [memberId]: [], [worker]: [0, 1] });
    await peer.sends(1, 'next');
    await pod.says('DONE next');
    expect(new Set(pod.lines.filter((line) => line.startsWith('JOIN'))).size).toBe(1);
    // The commit was made again: partition 0 goes on behind its record.
    expect(pod.lines.filter((line) => line === 'DONE hold')).toEqual(['DONE hold']);
    pod.child.kill('SIGTERM');
    await ended(pod.child);
    expect(pod.child.exitCode).toBe(0);
  }, 240_000);

  test('told to end while it joins for the first time: the group does not wait for it', async () => {
    const topic = 'first';
    await withTopic(topic);
    const peer = await startPeer(topic);
    const { memberId } = await peer.joins();
    await peer.deals({ [memberId]: [0, 1] });
    const pod = startPod(topic);
    // It has its name and waits for the peer.
    await peer.tells('rebalance');
    pod.child.kill('SIGTERM');
    await until('the worker has ended', () => pod.child.exitCode !== null, SOON_SECONDS);
    expect(pod.child.exitCode).toBe(0);
    const { members } = await peer.joins(SOON_SECONDS);
    expect(members).toEqual([memberId]);
    expect(SOON_SECONDS).toBeLessThan(SESSION_SECONDS / 2);
  }, 240_000);

  test('told to end while it joins again: it ends, and the group does not wait for it', async () => {
    const { peer, pod, memberId } = await startPair('again');
    const other = await startPeer('again');
    const joinsOf = () => pod.lines.filter((line) => line.startsWith('JOIN')).length;
    const before = joinsOf();
    const joining = other.joins(2 * SESSION_SECONDS);
    // The worker hears it with its next heartbeat, and joins; the peer does not.
    await until('the worker joins again', () => joinsOf() > before);
    pod.child.kill('SIGTERM');
    await until('the worker has ended', () => pod.child.exitCode !== null, SOON_SECONDS);
    expect(pod.child.exitCode).toBe(0);
    const { members } = await peer.joins(SOON_SECONDS);
    expect(members).toEqual(expect.arrayContaining([memberId, (await joining).memberId]));
    expect(members).toHaveLength(2);
  }, 240_000);

  test('a topic that gets more partitions: the worker that leads has them dealt out, and no record in them waits for a restart', async () => {
    const topic = 'grown';
    await withTopic(topic);
    const pods = [startPod(topic), startPod(topic)];
    const partitionsOf = ({ lines }: (typeof pods)[number]) =>
      JSON.parse(lines.filter((line) => line.startsWith('{"partitions"')).at(-1) ?? '{"partitions":[]}').partitions
        .length;
    const areShared = (each: number) =>
      until(`each worker has ${each}`, () => pods.every((pod) => partitionsOf(pod) === each), 60);
    await areShared(1);
    const args = ['--alter', '--topic', topic, '--partitions', '4'];
    await kafka.tool('org.apache.kafka.tools.TopicCommand', USER.username, args);
    const peer = await startPeer(topic);
    for (const partition of [2, 3]) await peer.sends(partition, `in ${partition}`);
    const isDone = (value: string) => pods.some(({ lines }) => lines.includes(`DONE ${value}`));
    await until('both records are done', () => isDone('in 2') && isDone('in 3'), SOON_SECONDS + SESSION_SECONDS);
    await areShared(2);
    for (const { child } of pods) child.kill('SIGTERM');
    await Promise.all(pods.map(({ child }) => ended(child)));
  }, 240_000);

  test('a broker that answers nothing for 20 s, and closes nothing: the worker goes on', async () => {
    const { peer, pod } = await startPair('paused');
    kafka.halt();
    // The fault itself: longer than any request of the worker waits, shorter than a session.
    await wait(20_000);
    kafka.resume();
    await peer.sends(0, 'after');
    await pod.says('DONE after');
    expect(pod.child.exitCode).toBeNull();
    pod.child.kill('SIGTERM');
    await ended(pod.child);
    expect(pod.child.exitCode).toBe(0);
  }, 240_000);

  test('a broker that never answers again: the worker ends long before its join would give up, so that its pod starts anew', async () => {
    const { pod } = await startPair('silent');
    kafka.halt();
    try {
      await until('the worker has ended', () => pod.child.exitCode !== null, 150);
      expect(pod.child.exitCode).toBe(1);
    } finally {
      kafka.resume();
    }
  }, 240_000);
});
