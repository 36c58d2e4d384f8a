/** What a process has used, from Linux's /proc; null where there is none. */
import { readFile } from 'node:fs/promises';

/** /proc counts in ticks of 1/100 s on every Linux that Node runs on. */
const TICK_MS = 10;

/** CPU time of all threads since the start, in milliseconds. */
export async function cpuMsOf(pid: number): Promise<number | null> {
  const stat = await read(`/proc/${pid}/stat`);
  // The second field is the name, which may hold spaces; utime and stime are the 14th and 15th.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? null : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory, in MiB. */
export async function rssMiBOf(pid: number): Promise<number | null> {
  return statusMiB(pid, 'VmRSS');
}

/** The most that was ever resident, in MiB. */
export async function peakRssMiBOf(pid: number): Promise<number | null> {
  return statusMiB(pid, 'VmHWM');
}

async function statusMiB(pid: number, name: string): Promise<number | null> {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec((await read(`/proc/${pid}/status`)) ?? '')?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) / 1024;
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
