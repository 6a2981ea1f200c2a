/** Many subscribers to trainingStatus in a process of their own, which keep what they hear until they are asked. */
import WebSocket from 'ws';

/** Over all subscribers and jobs. */
export interface Faults {
  /** Changes of status that a subscriber did not hear and another one did. */
  missing: number;
  /** The same state of a job heard again. */
  repeated: number;
  /** A state heard behind a later one. */
  disordered: number;
}

export interface Heard {
  /** Changes of status, of the subscriber who heard least and of the one who heard most. */
  least: number;
  most: number;
  faults: Faults;
  /** Milliseconds between the first and the last subscriber to hear a change, for each change. */
  spreads: number[];
}

interface Job {
  id: string;
  status: string;
  step: number;
}

interface Order {
  url: string;
  key: string;
  subscriptions: number;
}

const SUBSCRIPTIONS_PER_CONNECTION = 4;
const ORDER = ['QUEUED', 'RUNNING', 'SUCCEEDED'];

/** What each subscriber heard, and when anybody heard what first and last. */
const subscribers: Job[][] = [];
const times = new Map<string, { first: number; last: number }>();

process.on('message', async (message: Order | 'report') => {
  if (message === 'report') process.send?.(report());
  else {
    await listen(message);
    process.send?.('ready');
  }
});

async function listen({ url, key, subscriptions }: Order): Promise<void> {
  for (let left = subscriptions; left > 0; left -= SUBSCRIPTIONS_PER_CONNECTION) {
    await connect(url, key, Math.min(left, SUBSCRIPTIONS_PER_CONNECTION));
  }
}

/** Resolves when every subscription of the connection has heard of the latest job. */
async function connect(url: string, key: string, count: number): Promise<void> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
  const heard = new Map<string, Job[]>();
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)));
    socket.on('open', () => send(socket, { type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse(String(data));
      if (type === 'connection_ack') {
        for (let i = 0; i < count; i++) subscribe(socket, String(i), heard);
      } else if (type === 'next') {
        const jobs = heard.get(id);
        // The first is the latest job there was.
        if (jobs && jobs.push(payload.data.trainingStatus) > 1) note(payload.data.trainingStatus);
        if ([...heard.values()].every(({ length }) => length > 0)) resolve();
      } else if (type === 'error') reject(new Error(JSON.stringify(payload)));
    });
  });
  subscribers.push(...heard.values());
}

function subscribe(socket: WebSocket, id: string, heard: Map<string, Job[]>): void {
  heard.set(id, []);
  send(socket, { id, type: 'subscribe', payload: { query: 'subscription { trainingStatus { id status step } }' } });
}

function send(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}

function note({ id, status }: Job): void {
  const now = performance.now();
  const known = times.get(`${id} ${status}`);
  if (known) known.last = now;
  else times.set(`${id} ${status}`, { first: now, last: now });
}

function report(): Heard {
  const faults: Faults = { missing: 0, repeated: 0, disordered: 0 };
  const counts = subscribers.map(([, ...jobs]) => {
    const changes = new Set(jobs.map(({ id, status }) => `${id} ${status}`));
    for (const change of times.keys()) if (!changes.has(change)) faults.missing++;
    const latest = new Map<string, Job>();
    for (const job of jobs) {
      const before = latest.get(job.id);
      const ahead = before ? ORDER.indexOf(job.status) - ORDER.indexOf(before.status) || job.step - before.step : 1;
      if (ahead === 0) faults.repeated++;
      if (ahead < 0) faults.disordered++;
      latest.set(job.id, job);
    }
    return changes.size;
  });
  const spreads = [...times.values()].map(({ first, last }) => last - first);
  return { least: Math.min(...counts), most: Math.max(...counts), faults, spreads };
}
