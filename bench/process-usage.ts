/** What a process has used, from Linux's /proc; null where there is none. */
import { readdir, readFile } from 'node:fs/promises';

/** /proc counts in ticks of 1/100 s on every Linux that Node runs on. */
const TICK_MS = 10;
/** Where fields of /proc/<pid>/stat are once its first two, the id and the name, are cut off. */
const [PPID, UTIME, STIME, CUTIME, CSTIME] = [1, 11, 12, 13, 14];

/** CPU time of all threads since the start, in milliseconds. */
export async function cpuMsOf(pid: number): Promise<number | null> {
  const fields = await statOf(pid);
  return fields === undefined ? null : (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS;
}

/** As `cpuMsOf`, with its children, those that have ended too: what PostgreSQL uses is used by a process for each connection. */
export async function cpuMsWithChildrenOf(pid: number): Promise<number | null> {
  const fields = await statOf(pid);
  const own = await cpuMsOf(pid);
  if (fields === undefined || own === null) return null;
  const ended = (Number(fields[CUTIME]) + Number(fields[CSTIME])) * TICK_MS;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const children = await Promise.all(
    pids.map(async (other) => (Number((await statOf(other))?.[PPID]) === pid ? await cpuMsOf(other) : 0)),
  );
  return children.reduce<number>((sum, ms) => sum + (ms ?? 0), own + ended);
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

/** The second field is the name, which may hold spaces. */
async function statOf(pid: number): Promise<string[] | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
