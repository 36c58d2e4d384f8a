import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from './compose-file.js';
import { DOCKERFILE } from './processes.js';

const instructions = DOCKERFILE.replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => ({ name: line.split(' ', 1)[0] ?? '', text: line.slice(line.indexOf(' ') + 1) }));
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const textsOf = (name: string, among = instructions) =>
  among.filter((line) => line.name === name).map(({ text }) => text);

/** What `COPY` takes from the repository, by its paths there. */
const copied = textsOf('COPY')
  .filter((text) => !text.startsWith('--from='))
  .flatMap((text) => text.split(' ').slice(0, -1))
  .map((path) => path.replace(/\/$/, ''));

describe('the Dockerfile', () => {
  it('builds on Debian, where the native part of the Temporal SDK runs, and on a Node that package.json accepts', () => {
    const images = textsOf('FROM').map((text) => text.split(' ')[0]);
    expect(new Set(images)).toEqual(new Set(['node:22-slim']));
  });

  it('ends as an ordinary user, in production, without npm', () => {
    expect(textsOf('USER', lastStage)).toEqual(['1000:1000']);
    expect(textsOf('ENV', lastStage)).toContain('NODE_ENV=production');
    expect(textsOf('CMD', lastStage)).toEqual(['["node", "dist/worker.js"]']);
    expect(textsOf('RUN', lastStage).join()).not.toContain('npm');
  });

  it('copies into the last stage all that the processes read at run time', () => {
    const inImage = textsOf('COPY', lastStage).join(' ');
    for (const path of [
      'dist/',
      'node_modules/',
      'migrations/',
      'package.json',
      'document-types.json',
      'deploy/healthcheck.mjs',
    ]) {
      expect(inImage).toContain(path);
    }
  });

  it('copies only what exists and what .dockerignore lets through', () => {
    const [first, ...allowed] = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(new Set(copied)).toEqual(new Set(allowed.map((line) => line.replace(/^!/, ''))));
    for (const path of copied) expect(() => readFileSync(join(ROOT, path))).not.toThrow(/ENOENT/);
  });

  it('runs scripts of package.json that are there', () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    const run = [...DOCKERFILE.matchAll(/npm run (\S+)/g)].map(([, script = '']) => script);
    expect(run).toEqual(['build']);
    for (const script of run) expect(Object.keys(scripts)).toContain(script);
  });
});
