/** A stretch of network: passes TCP connections on to one of several ports, and can be cut, frozen and slowed. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * `cut`: whatever is open is reset, and so is each new connection. `frozen`: nothing arrives, nothing is refused; bytes under way go on when it
 * is over, as TCP sends them again. `slow`: each piece takes `SLOW_MS` longer.
 */
export type LinkState = 'fine' | 'cut' | 'frozen' | 'slow';

const SLOW_MS = 1200;
const LOOPBACK = '127.0.0.1';

export class Link {
  private state: LinkState = 'fine';
  private readonly open = new Set<Socket>();
  private thawed: Promise<void> = Promise.resolve();
  private thaw: () => void = () => undefined;
  private turn = 0;
  private readonly server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => void this.join(near));

  private constructor(private readonly targets: readonly number[]) {}

  /** Listens on a loopback port of its own; new connections go to the targets in turn, past those that do not answer. */
  static async to(...targets: number[]): Promise<Link> {
    const link = new Link(targets);
    link.server.listen(0, LOOPBACK);
    await once(link.server, 'listening');
    return link;
  }

  get url(): string {
    const address = this.server.address();
    return `http://${LOOPBACK}:${typeof address === 'object' && address ? address.port : 0}`;
  }

  set(state: LinkState): void {
    this.thaw();
    this.state = state;
    if (state === 'frozen') this.thawed = new Promise((resolve) => (this.thaw = resolve));
    if (state === 'cut') for (const socket of this.open) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.set('cut');
    await new Promise((closed) => this.server.close(closed));
  }

  private async join(near: Socket): Promise<void> {
    this.keep(near);
    await this.thawed;
    const far = this.state === 'cut' ? null : await this.reach();
    if (far === null) return void near.resetAndDestroy();
    this.keep(far);
    if (this.state === 'cut') far.resetAndDestroy();
    await Promise.all([this.pass(near, far), this.pass(far, near)]).catch(() => {
      near.destroy();
      far.destroy();
    });
  }

  private keep(socket: Socket): void {
    this.open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.open.delete(socket));
  }

  private async reach(): Promise<Socket | null> {
    this.turn += 1;
    for (let nth = 0; nth < this.targets.length; nth++) {
      const port = this.targets[(this.turn + nth) % this.targets.length] ?? 0;
      const far = connect({ port, host: LOOPBACK, allowHalfOpen: true, noDelay: true });
      if (
        await once(far, 'connect').then(
          () => true,
          () => false,
        )
      )
        return far;
    }
    return null;
  }

  private async pass(from: Socket, to: Socket): Promise<void> {
    for await (const piece of from as AsyncIterable<Buffer>) {
      if (this.state === 'slow') await wait(SLOW_MS);
      await this.thawed;
      if (!to.write(piece)) await once(to, 'drain');
    }
    to.end();
  }
}
