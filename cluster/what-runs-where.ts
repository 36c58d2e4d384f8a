import type { Cluster } from './cluster.js';

/** What `npm run cluster` prints once all is up. */
export function whatRunsWhere({ address, frontends, namespace, logs, postgres, services }: Cluster): string {
  const rows = [
    ['process', 'pid', 'reached at'],
    ...services.map((process) => [
      `${process.service}-${process.index}`,
      String(process.pid() ?? '-'),
      process.service === 'frontend' ? (frontends[process.index] ?? '') : '',
    ]),
    ['postgres', String(postgres.pid()), postgres.url('temporal')],
    ['any frontend', '', address],
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const table = rows.map(([name = '', pid = '', at = '']) =>
    `  ${name.padEnd(width(0))}  ${pid.padStart(width(1))}  ${at}`.trimEnd(),
  );
  return `The cluster is up.

${table.join('\n')}

Logs are in ${logs}. To use it, in another terminal:

  export TEMPORAL_ADDRESS=${address} TEMPORAL_NAMESPACE=${namespace}

Then npm start, npm run setup, npm run worker and the others use this cluster. Kill any of its processes and see.
Ctrl-C ends everything.`;
}
