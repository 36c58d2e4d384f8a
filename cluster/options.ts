import { parseArgs } from 'node:util';

export interface Options {
  /** Kept between runs; undefined: a temporary one. */
  folder: string | undefined;
  namespace: string;
  each: number;
  shards: number | undefined;
}

export const USAGE = `Usage: npm run cluster -- [options]

  --folder F     keeps data, configuration and logs in F between runs; without it they go to a temporary folder and are gone at the end
  --each N       processes of each of the four services, 1 to 5 (2)
  --shards N     history shards, 1 to 4096, at the first run of a folder (4)
  --namespace N  the namespace to prepare (default)
`;

/** What the command line asks for, null for `--help`. Throws an Error that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: 'string' },
      each: { type: 'string', default: '2' },
      shards: { type: 'string' },
      namespace: { type: 'string', default: 'default' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const { folder, namespace } = values;
  if (!/^[A-Za-z0-9][\w.-]{1,99}$/.test(namespace)) {
    throw new Error(`--namespace ${namespace}: must be letters, digits, dots, hyphens and underscores`);
  }
  return {
    folder,
    namespace,
    each: number('each', values.each, 5),
    shards: values.shards === undefined ? undefined : number('shards', values.shards, 4096),
  };
}

function number(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new Error(`--${name} ${text}: must be a whole number from 1 to ${most}`);
  return value;
}
