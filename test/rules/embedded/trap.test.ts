/** Text embedded in resources: where it is looked for, what is code in it, and what excuses it. */

import { check } from '../../../lib/rules/check';
import { withoutComments } from '../../../lib/rules/embedded/trap';
import { readDocuments } from '../../../lib/rules/read';

const found = (text: string) => check(readDocuments([{ file: 'test.json', text }]));
const idsOf = (document: unknown) => [...new Set(found(JSON.stringify(document)).map(({ ruleId }) => ruleId))].sort();
const configMap = (text: string, name = 'c', key = 'text') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { [key]: text },
});
const inConfigMap = (text: string, name?: string) => idsOf(configMap(text, name));

test.each([
  ['# all of it\ncode', '           \ncode'],
  ['code # the rest', 'code           '],
  ['  // all of it', '              '],
  ['code // the rest', 'code            '],
  ['-- all of it', '            '],
  ['https://example.com/#anchor', 'https://example.com/#anchor'],
  ['#!/bin/sh', '#!/bin/sh'],
  ['kafka-configs --alter --add-config x', 'kafka-configs --alter --add-config x'],
  ['colour: #fff', 'colour: #fff'],
])('of %j, code is %j', (text, code) => {
  expect(withoutComments(text)).toBe(code);
});

// biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
const WORKFLOW = '${{ github.workflow }}-${{ github.ref }}';
const UPDATE =
  'counts.writeStream\n  .outputMode("update")\n  .format("delta")\n  .option("checkpointLocation", "/c")\n  .start("/x")';
const READ =
  'spark.readStream\n  .format("kafka")\n  .option("subscribe", "x")\n  .option("startingOffsets", "earliest")\n  .load()';
const NACK = 'ch.queue_declare(queue="q")\nch.basic_nack(tag, requeue=False)';
const AUTO = 'enable.auto.commit=true';
const LIBRDKAFKA = 'from confluent_kafka import Consumer\nc = Consumer({"group.id": "a"})';
/** The pool of BP-POOL-003, 50 threads with 0.4 s for 0.1 s of work. */
const pool = ({ queue }: { queue: number }) =>
  `TIMEOUT_MILLIS = 400;\nSERVICE_MILLIS = 100;\nnew ThreadPoolExecutor(50, 50, 0L, MILLISECONDS, new ArrayBlockingQueue<>(${queue}));`;
const BEAT = 'REPLACE INTO ops.heartbeat VALUES (1, SYSDATE(6))';
const TTL = 'db.x.createIndex({ at: 1 }, { expireAfterSeconds: 0 })';
const PUBSUB = 'publisher = pubsub_v1.PublisherClient()\n';
const KAFKAJS = 'const kafka = new Kafka({ brokers });\n';
const ROTATE = 'rotate 7\nmaxsize 1M\n';

test.each([
  ['a sign in a comment is none', `# ${NACK.replace('\n', '\n# ')}`, []],
  ['an excuse in a comment excuses nothing', `${NACK}  # x-dead-letter-exchange`, ['BP-RABBITMQ-003']],
  ['a queue that is declared elsewhere', 'ch.basic_nack(tag, requeue=False)', []],
  ['a queue that is only looked up', NACK.replace('"q"', '"q", passive=True'), []],
  ['the same in JavaScript', 'ch.assertQueue("q"); ch.nack(m, false, false)', ['BP-RABBITMQ-003']],
  ['requeued in JavaScript', 'ch.assertQueue("q"); ch.nack(m, false, true)', []],
  ['update mode to another sink', UPDATE.replace('delta', 'console'), []],
  [
    'a Delta table beside an update to elsewhere',
    `${UPDATE.replace('delta', 'console')}\n${UPDATE.replace('update', 'append')}`,
    [],
  ],
  ['options that come from elsewhere', READ.replace('.load', '.options(limits).load'), []],
  [
    'one of two sources',
    `${READ}\n${READ.replace('.load', '.option("maxOffsetsPerTrigger", 5).load')}`,
    ['BP-SPARK-002'],
  ],
  ['a file that is read', READ.replace('kafka', 'parquet'), []],
  ['commits of a program that polls', `${AUTO}\nwhile True: work(consumer.poll(1))`, ['BP-KAFKA-006']],
  ['commits that are the default of librdkafka', `${LIBRDKAFKA}\nwork(c.poll(1))`, ['BP-KAFKA-006']],
  ['commits after the work', `${LIBRDKAFKA.replace('{', '{"enable.auto.commit": False, ')}\nwork(c.poll(1))`, []],
  [
    'offsets that are stored after the work',
    `${LIBRDKAFKA.replace('{', '{"enable.auto.offset.store": False, ')}\nwork(c.poll(1))`,
    [],
  ],
  ['a file of settings, whose program is elsewhere', AUTO, []],
  ['a consumer that is never polled', LIBRDKAFKA, []],
  ['a Java consumer', 'group.id=a\nmax.poll.records=500', []],
  ['retries with a delivery time-out', 'linger.ms=5\nretries=5\ndelivery.timeout.ms=9', []],
  ['retries of something else', 'retries=5', []],
  ['retries without bound', 'linger.ms=5\nretries=2147483647', []],
  ['a quota told to kafka-configs', 'kafka-configs --alter \\\n --add-config \\\n producer_byte_rate=1', []],
  ['the class of a plug-in', 'client.quota.callback.class=io.strimzi.kafka.quotas.StaticQuotaCallback', []],
  ['a random sleep in a crontab', '0 * * * * sleep $((RANDOM % 60)); run', ['BP-CRON-005']],
  ['a random sleep where nothing is scheduled', 'sleep $((RANDOM % 60)); run', []],
  ['jitter between tries', '0 * * * * until run; do sleep $((RANDOM % 60)); done', []],
  ['a group for each workflow', `on: push\nconcurrency:\n  group: ${WORKFLOW}`, []],
  [
    'cancelled on push',
    `name: deploy\non: [push]\nconcurrency:\n  group: ${WORKFLOW}\n  cancel-in-progress: true`,
    ['BP-CI-001'],
  ],
  ['tests cancelled on push', `on: [push]\nconcurrency:\n  group: ${WORKFLOW}\n  cancel-in-progress: true`, []],
  [
    'cancelled on pull requests only',
    `on: pull_request\nconcurrency:\n  group: ${WORKFLOW}\n  cancel-in-progress: true`,
    [],
  ],
  ['a bucket with one number', 'self.tokens = min(self.rate, self.tokens + 1)', []],
  [
    'a bucket clamped by its last argument',
    'burst; this.tokens = Math.min(this.tokens + dt * this.rate, this.rate);',
    ['BP-BUCKET-001'],
  ],
  ['a bucket that holds its burst', 'this.tokens = Math.min(burst, this.tokens + dt * this.rate);', []],
  ['a bucket refilled often', 'setInterval(() => { tokens = Math.min(burst, tokens + rate / 10) }, 100)', []],
  ['another timer', 'setInterval(() => { report() }, 1000)', []],
  ['a throttle that recovers', 'if (lag > 5) rate *= 0.5; else rate += 10', []],
  ['a throttle that does not', 'if (lag > 5) rate *= 0.5', ['BP-MYSQL-003']],
  ['a refusal that is mapped', 'new ThreadPoolExecutor.AbortPolicy(); catch (RejectedExecutionException e)', []],
  ['a queue that is worked off in time', pool({ queue: 200 }), []],
  ['one that is not', pool({ queue: 201 }), ['BP-POOL-003']],
  [
    'a time-out in seconds',
    pool({ queue: 201 }).replace('TIMEOUT_MILLIS = 400', 'timeoutSeconds = 0.4'),
    ['BP-POOL-003'],
  ],
  ['a pool that says no time-out', pool({ queue: 900 }).replace('TIMEOUT_MILLIS', 'SIZE'), []],
  ['a pool that says no time of its work', pool({ queue: 900 }).replace('SERVICE_MILLIS', 'SIZE'), []],
  ['a pool of a program without requests', 'pool = Executors.newFixedThreadPool(8); pool.submit(batch);', []],
  ['a pool of requests', '@GetMapping("/a")\npool = Executors.newFixedThreadPool(8);', ['BP-POOL-004']],
  ['a queue without a capacity', '@RestController\nnew LinkedBlockingQueue<Runnable>()', ['BP-POOL-004']],
  ['a queue with one', '@RestController\nnew LinkedBlockingQueue<Runnable>(74)', []],
  [
    'a pool behind a semaphore',
    '@GetMapping("/a")\nif (!slots.tryAcquire()) return 503; Executors.newFixedThreadPool(8);',
    [],
  ],
  ['a replica that takes writes', 'relay_log = /var/relay\nsuper_read_only = 0', ['BP-MYSQL-004']],
  ['a source that takes them', '[mysqld]\nread_only = OFF', []],
  ['a replica that takes none', 'replica_net_timeout = 4\nread_only = ON', []],
  ['a time that is replicated', `binlog_format = STATEMENT\n${BEAT.replace('SYSDATE', 'NOW')}`, []],
  ['a time that is not', `binlog_format = STATEMENT\n${BEAT}`, ['BP-MYSQL-005']],
  ['a time in a binary log of rows', `binlog_format = ROW\n${BEAT}`, []],
  ['a server on which both are the same', `binlog_format = STATEMENT\nsysdate_is_now = 1\n${BEAT}`, []],
  ['a table of something else', `binlog_format = STATEMENT\n${BEAT.replace('heartbeat', 'orders')}`, []],
  ['a breaker over a client with a time-out', 'CircuitBreaker.of("x", config); client.setReadTimeout(300)', []],
  ['old names on an old server', 'slave_preserve_commit_order=1 # \nmysql 5.7', []],
  ['one worker', 'replica_parallel_workers=1\nreplica_preserve_commit_order=OFF', []],
  ['workers under the new name, in order by default', 'replica_parallel_workers=8', []],
  ['an index that expires nothing', 'db.x.createIndex({ at: 1 })', []],
  ['an index in Python', 'x.create_index("at", expireAfterSeconds=0)', ['BP-MONGO-001']],
  ['an index on a new collection', `db.createCollection("x"); ${TTL}`, []],
  ['an index after deletes without a pause', `db.x.deleteMany({}); ${TTL}`, ['BP-MONGO-001']],
  ['a trigger that asks for both', 'if files > 100 and smallest_file < 20: compact()', []],
  ['the same in another language', 'if (files > 100 || minSize < 20) { compact() }', ['BP-COMPACT-001']],
  ['a vacuum of a month', 'spark.sql("VACUUM lake.events RETAIN 720 HOURS")', []],
  ['a vacuum of 1,680 hours', 'VACUUM lake.events RETAIN 1680 HOURS;', []],
  ['a vacuum of a week less an hour', 'VACUUM lake.events RETAIN 167 HOURS;', ['BP-DELTA-002']],
  ['a vacuum that only lists', 'VACUUM lake.events RETAIN 0 HOURS DRY RUN', []],
  ['a vacuum in Python', 'DeltaTable(path).vacuum(retention_hours=24, dry_run=False)', ['BP-DELTA-002']],
  ['a vacuum in Python that only lists', 'DeltaTable(path).vacuum(retention_hours=24, dry_run=True)', []],
  ['a vacuum in Python of six weeks', 'DeltaTable(path).vacuum(retention_hours=1000, dry_run=False)', []],
  ['a vacuum of hours that a variable has', 'table.vacuum(retention_hours=hours, dry_run=False)', []],
  [
    'the check of a vacuum, off',
    'spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")',
    ['BP-DELTA-002'],
  ],
  ['the check of a vacuum, on', 'spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "true")', []],
  ['a compaction without Z-order', 'spark.sql("OPTIMIZE lake.events")', []],
  ['a Z-order of a table', 'deltaTable.optimize().executeZOrderBy("device")', ['BP-COMPACT-003']],
  ['a Z-order of a partition', 'deltaTable.optimize().where("day = \'2026-01-01\'").executeZOrderBy("device")', []],
  ['a Z-order by delta-rs', 'dt.optimize.z_order(["device"])', ['BP-COMPACT-003']],
  [
    'a Z-order of a partition by delta-rs',
    'dt.optimize.z_order(["device"], partition_filters=[("day", "=", day)])',
    [],
  ],
  ['read once from the end', 'r.xread({"s": "$"})', []],
  ['read on from the last id', 'while True: last = r.xread({"s": last})', []],
  ['read from the end in a shell', 'while :; do redis-cli XREAD BLOCK 0 STREAMS s $; done', ['BP-REDIS-001']],
  ['a stream that is trimmed elsewhere', 'r.xadd("s", {"k": 1})\nr.xtrim("s", maxlen=1000)', []],
  ['a stream whose entries are deleted', 'r.xadd("s", {"k": 1})\nr.xdel("s", id)', []],
  ['a stream in a shell that is not', 'redis-cli -h cache XADD s "*" k 1', ['BP-REDIS-003']],
  ['a stream in JavaScript that is', 'await redis.xadd("s", "MAXLEN", "~", 1000, "*", "k", "1")', []],
  [
    'a consumer named by a process',
    'redis.xreadgroup("GROUP", "g", "c-" + process.pid, "STREAMS", "s", ">")',
    ['BP-REDIS-004'],
  ],
  [
    'one that takes over what others left',
    'consumer = uuid4()\nr.xautoclaim("s", "g")\nr.xreadgroup("g", consumer, s)',
    [],
  ],
  ['a host name for something else', 'log.name = socket.gethostname()\nr.xreadgroup("g", "c-0", s)', []],
  ['a consumer of another broker', 'consumer = socket.gethostname()\nkafka.poll(consumer)', []],
  ['a read without acknowledgement', 'r.xreadgroup("g", "c-0", s, noack=True)', ['BP-REDIS-005']],
  ['a read that is to be acknowledged', 'r.xreadgroup("g", "c-0", s, noack=False)', []],
  ['an acknowledgement after the work', 'for m in ms:\n    handle(m)\n    r.xack("s", "g", m.id)\n', []],
  ['an acknowledgement before what is no work', 'for m in ms:\n    r.xack("s", "g", m.id)\n    log(m)\n', []],
  ['a reference of the second', 'CallerReference: String(Math.floor(Date.now() / 1000)),', ['BP-CACHE-001']],
  [
    'a reference in a shell',
    'aws cloudfront create-invalidation --invalidation-batch "Paths=x,CallerReference=$(date +%s)"',
    ['BP-CACHE-001'],
  ],
  ['a reference of the nanosecond', 'CallerReference=$(date +%s%N)', []],
  ['a reference with something random', 'CallerReference: randomUUID() + Date.now() / 1000', []],
  ['a reference of the millisecond', 'CallerReference: String(Date.now())', []],
  ['a time for something else', 'CallerReference: id,\ncreated: int(time.time())', []],
  [
    'a call for each record in JavaScript',
    'for (const record of event.Records) {\n  await client.send(new CreateInvalidationCommand({ InvalidationBatch: { Paths: { Quantity: 1, Items: [record.path] } } }));\n}',
    ['BP-CACHE-003'],
  ],
  [
    'a call for each distribution',
    'for id in distributions:\n    cf.create_invalidation(DistributionId=id, Paths={"Quantity": 1, "Items": ["/*"]})',
    [],
  ],
  ['a delay of a queue that debounces nothing', 'sqs.send_message(DelaySeconds=5)', []],
  ['a debounce with a longest wait', 'debounce(maxWait=60); sqs.send_message(DelaySeconds=5)', []],
  ['a debounce without one', 'debounce(5); sqs.send_message(DelaySeconds=5)', ['BP-SQS-006']],
  ['set with an expiry', 'r.set("k", 1, nx=True, ex=60)', []],
  ['set without one', 'r.set("k", 1, nx=True)', ['BP-REDIS-002']],
  ['expires by a call of its own', 'r.setnx("k", 1); r.expire("k", 60)', []],
  ['a webhook that is checked', 'app.post("/webhook", verify, handle)', []],
  ['a webhook that is not', 'app.post("/webhooks/github", (q, s) => s.send(200))', ['BP-WEBHOOK-001']],
  [
    'an answer before the broker of Pub/Sub has it',
    `${PUBSUB}publisher.publish(TOPIC, body)\nreturn "", 204`,
    ['BP-WEBHOOK-002'],
  ],
  ['an answer after it', `${PUBSUB}publisher.publish(TOPIC, body).result(timeout=8)\nreturn "", 204`, []],
  [
    'an answer after a flush',
    'from confluent_kafka import Producer\nproducer.produce("t", body)\nproducer.flush(8)\nreturn "", 200',
    [],
  ],
  ['an answer that promises nothing', `${PUBSUB}publisher.publish(TOPIC, body)\nreturn "", 500`, []],
  ['a publish of a client that is not known', 'queue.publish(body)\nreturn "", 200', []],
  [
    'an answer before kafkajs has it',
    `${KAFKAJS}producer.send({ topic, messages: [{ value: body }] });\nresponse.sendStatus(200);`,
    ['BP-WEBHOOK-002'],
  ],
  [
    'an answer after kafkajs has it',
    `${KAFKAJS}await producer.send({ topic, messages: [{ value: body }] });\nresponse.sendStatus(200);`,
    [],
  ],
  [
    'an answer when the promise is kept',
    `${KAFKAJS}producer.send({ topic, messages }).then(() => {\n  response.sendStatus(200);\n});`,
    [],
  ],
  [
    'an answer after the first of kafkajs and a time-out',
    `${KAFKAJS}await Promise.race([\n  producer.send({ topic, messages }),\n  timeout(8000),\n]);\nres.status(200).end();`,
    [],
  ],
  [
    'an answer after all that was sent',
    `${KAFKAJS}await Promise.all([\n  producer.send({ topic, messages }),\n  producer.send({ topic: audit, messages }),\n]);\nres.status(200).end();`,
    [],
  ],
  [
    'an answer after a send that is given a time-out',
    `${KAFKAJS}await withTimeout(\n  producer.send({ topic, messages }),\n  8000,\n);\nres.status(200).end();`,
    [],
  ],
  [
    'an answer before kafkajs has a record that is written over lines',
    `${KAFKAJS}producer.send({\n  topic,\n  messages: [{ key: id(body), value: body }],\n});\nres.status(200).end();`,
    ['BP-WEBHOOK-002'],
  ],
  [
    'an answer after a future of kafka-python that is waited for',
    'producer = KafkaProducer(acks="all")\nproducer.send("d", data).get(8)\nreturn "", 200',
    [],
  ],
  [
    'an answer before kafka-python has what a get found',
    'producer = KafkaProducer(acks="all")\nproducer.send("d", request.get_json().get("id"))\nreturn "", 200',
    ['BP-WEBHOOK-002'],
  ],
  ['a comment that shows it', `${PUBSUB}# publisher.publish(TOPIC, body)\nreturn "", 204`, []],
  ['rotated by size', `${ROTATE}daily`, []],
  ['rotated by the clock', 'rotate 7\nweekly', ['BP-LOG-005']],
  ['a word that is no directive', 'run daily\ncompress', []],
  ['an input of another program', '- type: log', []],
  ['a disk queue beside the one in memory', 'filebeat.inputs: []\noutput.kafka: {}\nqueue.mem: {}\nqueue.disk: {}', []],
])('%s', (_, text, ids) => {
  expect(inConfigMap(text)).toEqual(ids);
});

test('the old names are right for MariaDB', () => {
  expect(inConfigMap('slave_parallel_workers = 8\nslave_preserve_commit_order = ON')).toEqual(['BP-MYSQL-001']);
  expect(inConfigMap('slave_parallel_workers = 8', 'mariadb')).toEqual([]);
});

test('a policy among the manifests gives the queue its dead-letter exchange', () => {
  const policy = (pattern: string) => ({
    apiVersion: 'rabbitmq.com/v1beta1',
    kind: 'Policy',
    metadata: { name: 'p' },
    spec: { pattern, definition: { 'dead-letter-exchange': 'dead' } },
  });
  const both = (pattern: string) => ({ apiVersion: 'v1', kind: 'List', items: [policy(pattern), configMap(NACK)] });
  expect(idsOf(both('^q$'))).toEqual([]);
  expect(idsOf(both('^other$'))).toEqual(['BP-RABBITMQ-003']);
});

test('code in a Lambda function and a parameter are read as well', () => {
  const template = {
    Resources: {
      Consumer: { Type: 'AWS::Lambda::Function', Properties: { Code: { ZipFile: NACK } } },
      Brokers: { Type: 'AWS::SSM::Parameter', Properties: { Value: 'producer_byte_rate=1048576' } },
      Decided: { Type: 'AWS::Lambda::Function', Properties: { Code: { ZipFile: { Ref: 'Somebody' } } } },
    },
  };
  expect(found(JSON.stringify(template)).map(({ ruleId, resource, path }) => [ruleId, resource, path])).toEqual(
    expect.arrayContaining([
      ['BP-RABBITMQ-003', 'Consumer', 'Properties.Code.ZipFile'],
      ['BP-KAFKA-003', 'Brokers', 'Properties.Value'],
    ]),
  );
});

test('a finding says in which line', () => {
  expect(found(JSON.stringify(configMap(`\n\n${NACK}`)))[0].message).toMatch(/^line 4: basic_nack/);
  expect(found(JSON.stringify(configMap(TTL)))[0].message).toMatch(/^a TTL index/);
});
