/** A throw-away S3: moto, which speaks its protocol, installed once from PyPI into the cache folder, each package checked against a pinned sha256. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonPackages } from './python-packages.js';

const installed = pythonPackages('moto', fileURLToPath(new URL('moto-requirements.txt', import.meta.url)));

/**
 * One request at a time, since moto looks and writes in two steps; on a port that the system gives. It ends with its input, so it does not
 * outlive a test that is killed.
 */
const SERVER = `
import os, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app))
print(server.port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
`;

export interface ThrowAwayS3 {
  endpoint: string;
  /** Credentials that it takes, and no others from this machine; for `process.env`. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Why there can be no S3 on this machine; undefined when there can. The first call installs it, which takes some seconds. */
export async function s3AtHand(): Promise<string | undefined> {
  try {
    await installed();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Empty: make your buckets by `aBucket`. */
export async function anS3(): Promise<ThrowAwayS3> {
  const { python, packages } = await installed();
  const server = spawn(python, ['-c', SERVER], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`moto ended with ${String(code)} at its start`);
  });
  ended.catch(() => undefined);
  const [port] = (await Promise.race([once(createInterface(server.stdout), 'line'), ended])) as [string];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    env: {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    async stop() {
      if (server.exitCode === null && server.kill()) await once(server, 'exit');
    },
  };
}

/** Makes the bucket, which must be new. */
export async function aBucket({ endpoint }: ThrowAwayS3, name: string): Promise<void> {
  // moto asks for no signature.
  const { status } = await fetch(`${endpoint}/${name}`, { method: 'PUT' });
  if (status !== 200) throw new Error(`moto answered ${status} to a new bucket`);
}
