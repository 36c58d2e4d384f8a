import Fastify, { type FastifyInstance } from 'fastify';
import { createBucket } from './bucket.js';
import { MAX_BODY_BYTES } from './body.js';
import { realClock } from './clock.js';
import type { Hosts } from './links.js';
import { Refusal } from './refusal.js';
import { addAdminRoutes } from './routes/admin.js';
import { refuse } from './routes/answers.js';
import { addEnvelopeRoutes } from './routes/envelopes.js';
import { addOpenApi } from './routes/openapi.js';
import { addPages } from './routes/pages.js';
import { addPlatformRoutes } from './routes/platform.js';
import { addTemplateRoutes } from './routes/templates.js';
import { settingsSchema, type GivenSettings } from './settings.js';
import { createWorld, type World, type WorldOptions } from './world.js';

export interface SandboxOptions extends Partial<Omit<WorldOptions, 'settings'>> {
  host?: string;
  /** 0, the default here, takes a free port. */
  port?: number;
  bucketPort?: number;
  /** Where others reach the API and the bucket; by default host and port. */
  publicUrl?: string | null;
  bucketUrl?: string | null;
  settings?: GivenSettings;
}

export interface Sandbox {
  /** The API's base URL (`/api/...` is appended), without a slash at the end. */
  url: string;
  bucketUrl: string;
  /** Ends listeners, timers and connections. What was answered is kept, as after a kill; webhooks under way are tried again at the next start. */
  stop(): Promise<void>;
}

/** Starts an Atlas of one's own. With `data`, goes on where an earlier run on the same folder ended, however it ended. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  const hosts: Hosts = { publicUrl: '', bucketUrl: '' };
  const world = createWorld(
    {
      data: options.data ?? null,
      keys: options.keys ?? [{ key: 'sandbox-key', organisation: 'sandbox-key' }],
      credits: options.credits ?? 5,
      settings: settingsSchema.parse(options.settings ?? {}),
      clock: options.clock ?? realClock,
    },
    hosts,
  );
  const app = createApi(world);
  const bucket = createBucket(world);
  const stop = async (): Promise<void> => {
    await Promise.all([app.close(), bucket.close()]);
    await world.close();
  };
  try {
    await app.listen({ host, port: options.port ?? 0 });
    await bucket.listen({ host, port: options.bucketPort ?? 0 });
    hosts.publicUrl = options.publicUrl ?? urlOf(app, host);
    hosts.bucketUrl = options.bucketUrl ?? urlOf(bucket, host);
  } catch (error) {
    await stop();
    throw error;
  }
  world.resume();
  return { url: hosts.publicUrl, bucketUrl: hosts.bucketUrl, stop };
}

/** Where a listener is reached from this machine: the wildcard addresses are no address to call. */
function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function createApi(world: World): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(async (error, _request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status === 413) return refuse(world, reply, new Refusal(413, 'body_too_large', 'The body is too large'));
    if (status >= 400 && status < 500) return refuse(world, reply, new Refusal(status, 'bad_request', 'Bad request'));
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return refuse(world, reply, new Refusal(500, 'internal_error', 'Something went wrong'));
  });
  app.setNotFoundHandler(async (_request, reply) => refuse(world, reply, new Refusal(404, 'not_found', 'Not found')));
  app.get('/healthz', async () => ({ status: 'ok' }));
  addEnvelopeRoutes(app, world);
  addTemplateRoutes(app, world);
  addPlatformRoutes(app, world);
  addAdminRoutes(app, world);
  addOpenApi(app, world);
  addPages(app, world);
  return app;
}
