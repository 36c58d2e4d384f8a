/** Stands between the worker and a database, and strikes when a chosen message has got there and before its answer gets back. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpSaboteur {
  port: number;
  close(): Promise<void>;
}

export interface TcpPlan {
  host: string;
  port: number;
  /** Sees each message to the database; true cuts its answer off. */
  strikes: (message: Buffer) => boolean;
  strike: () => Promise<void>;
}

export async function aTcpSaboteur({ host, port, strikes, strike }: TcpPlan): Promise<TcpSaboteur> {
  const open = new Set<Socket>();
  const server = createServer((worker) => {
    const database = connect({ host, port, noDelay: true });
    let silenced = false;
    for (const [socket, other] of [
      [worker, database],
      [database, worker],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    worker.on('data', (message) => {
      silenced ||= strikes(message);
      database.write(message);
      if (silenced) void strike();
    });
    database.on('data', (answer) => void (silenced || worker.write(answer)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
