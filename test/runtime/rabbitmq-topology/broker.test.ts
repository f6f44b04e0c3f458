/** The edge to the broker: what is tried again, what is said, and that no password leaves it. */
import { BrokerError, managedBroker } from '../../../lib/runtime/rabbitmq-topology/broker';
import type { Request } from '../../../lib/runtime/rabbitmq-topology/decide';

const USER = { username: 'admin', password: 'secret-4Qp7' };
const PUT: Request = {
  method: 'PUT',
  path: 'users/x',
  object: 'user x',
  body: { password: 'secret-9sLw' },
  drift: false,
};

function broker(answers: (Response | Error)[]) {
  const pauses: number[] = [];
  const urls: string[] = [];
  const made = managedBroker(
    'https://b-1.mq.example.com',
    USER,
    async (url) => {
      urls.push(url);
      const answer = answers.shift() ?? new Response(null, { status: 204 });
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async (millis) => void pauses.push(millis),
  );
  return { made, pauses, urls };
}

const unreachable = () => Object.assign(new TypeError('fetch failed'), { cause: { code: 'ETIMEDOUT' } });

test('a broker that restarts is asked again, with longer pauses', async () => {
  const { made, pauses, urls } = broker([
    new Response(null, { status: 503 }),
    new Response(null, { status: 429 }),
    unreachable(),
    new Response(null, { status: 201 }),
  ]);
  await made.send(PUT);
  expect(pauses).toEqual([1000, 2000, 3000]);
  expect(urls).toEqual(Array(4).fill('https://b-1.mq.example.com/api/users/x'));
});

test('one that stays away is named with what to look at', async () => {
  const { made, pauses } = broker(Array.from({ length: 9 }, unreachable));
  await expect(made.read('overview', 'virtual host /')).rejects.toThrow(
    new BrokerError(
      'virtual host /: the management API of b-1.mq.example.com cannot be reached (ETIMEDOUT); look at security groups and subnets',
    ),
  );
  expect(pauses).toHaveLength(3);
});

test.each([
  [
    401,
    'user x was not declared: the broker does not accept our credentials; the secret of the administrator must hold the user that the broker has',
  ],
  [400, 'user x was not declared (400: inequivalent arg)'],
])('a refusal, %i, is final and in words', async (status, message) => {
  const { made, pauses } = broker([new Response(JSON.stringify({ reason: 'inequivalent arg' }), { status })]);
  const error: Error = await made.send(PUT).catch((refused) => refused);
  expect(error).toEqual(new BrokerError(message));
  expect(JSON.stringify(error) + error.stack).not.toMatch(/4Qp7|9sLw/);
  expect(pauses).toEqual([]);
});

test('what is not there is undefined, and may be removed again', async () => {
  const { made } = broker([new Response(null, { status: 404 }), new Response(null, { status: 404 })]);
  expect(await made.read('users/x', 'user x')).toBeUndefined();
  await made.send({ ...PUT, method: 'DELETE' });
});

test.each(['http://b-1.mq.example.com', 'b-1.mq.example.com', ''])('%s is refused: a password needs TLS', (address) => {
  expect(() => managedBroker(address, USER)).toThrow('the management API must be an https address');
});
