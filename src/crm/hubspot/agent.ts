/** The connections to HubSpot. Its SDK knows no time limit, so a connection that falls silent is ended here. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';

/** `silenceMs`: how long nothing may come or go on a connection with a call under way. */
export function createAgent(url: string, silenceMs: number): HttpAgent | HttpsAgent {
  // `proxyEnv` is known to Node from 22.21 and 24.5 on, and ignored before: there HTTPS_PROXY is not honoured.
  // Node itself only tells of a connection that is silent for the agent's `timeout`, and lets it be.
  const options = { keepAlive: true, maxSockets: 10, timeout: silenceMs, proxyEnv: process.env };
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (to, done) =>
    bounded(
      connect(to, (error, stream) => done?.(error, bounded(stream, silenceMs) ?? stream)),
      silenceMs,
    );
  return agent;
}

function bounded<Stream extends Duplex | null | undefined>(stream: Stream, silenceMs: number): Stream {
  if (stream instanceof Socket) {
    stream.on('timeout', () => stream.destroy(new SilentError(silenceMs)));
  }
  return stream;
}

class SilentError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(silenceMs: number) {
    super(`nothing came for ${silenceMs} ms`);
  }
}
