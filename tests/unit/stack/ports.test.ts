/** Ports: the given one or an error, the default or the next free one, never one for two. */
import { createServer, type Server } from 'node:net';
import { isListening, isPortFree, LOOPBACK, reservePort } from '../../../stack/ports';

let occupied: Server;
let taken: number;

beforeAll(async () => {
  occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, LOOPBACK, resolve));
  const address = occupied.address();
  taken = typeof address === 'object' && address ? address.port : 0;
});
afterAll(() => new Promise((resolve) => occupied.close(resolve)));

test('refuses a given port that is in use and names the service', async () => {
  const request = { service: 'Kafka', given: taken, preferred: 9092 };
  await expect(reservePort(request)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `Port ${taken} for Kafka is taken.`,
  });
});

test('moves on from a default that is in use', async () => {
  const { port, release } = await reservePort({ service: 'Kafka', preferred: taken });
  expect(port).toBeGreaterThan(taken);
  expect(await isPortFree(port)).toBe(true);
  await release();
});

test('goes on below when the last port of all is in use', async () => {
  const last = createServer();
  await new Promise<void>((resolve, reject) => {
    last.once('error', reject);
    last.listen(65_535, LOOPBACK, resolve);
  });
  const { port, release } = await reservePort({ service: 'Kafka', preferred: 65_535 });
  expect(port).toBeLessThan(65_535);
  await release();
  await new Promise((resolve) => last.close(resolve));
});

test('gives two stacks that start at once different ports', async () => {
  const request = { service: 'Kafka', preferred: taken };
  const both = await Promise.all([reservePort(request), reservePort(request)]);
  expect(both[0].port).not.toBe(both[1].port);
  await Promise.all(both.map(({ release }) => release()));
});

test('knows whether somebody listens', async () => {
  expect(await isListening(taken)).toBe(true);
  const { port, release } = await reservePort({ service: 'Kafka', given: 0, preferred: taken });
  expect(await isListening(port)).toBe(false);
  await release();
});

test('gives any free port for 0', async () => {
  const { port, release } = await reservePort({ service: 'Kafka', given: 0, preferred: taken });
  expect(port).not.toBe(taken);
  expect(port).toBeGreaterThan(1023);
  await release();
});
