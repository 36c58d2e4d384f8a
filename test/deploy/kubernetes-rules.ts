/** deploy/kubernetes as `kubectl apply -k` would take it, and what must hold for it beyond the schemas. Every rule answers what breaks it. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ROOT } from './compose-file.js';
import { namesReadBy, PROCESSES } from './processes.js';

const FOLDER = `${ROOT}deploy/kubernetes/`;
const read = (file: string): string => readFileSync(`${FOLDER}${file}`, 'utf8');

const document = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
export type Document = z.output<typeof document>;

const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string().optional(),
  resources: z.array(z.string()).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        envs: z.array(z.string()).default([]),
        files: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
});

const kustomizationIn = (folder: string) => kustomization.parse(parse(read(`${folder}kustomization.yaml`)));

export const KUSTOMIZATION = kustomizationIn('');

/** Those of a folder and of the folders that it names. A file that is missing throws. */
function documentsBelow(folder: string): Document[] {
  const { resources, configMapGenerator } = kustomizationIn(folder);
  for (const { envs, files } of configMapGenerator) for (const file of [...envs, ...files]) read(`${folder}${file}`);
  return resources.flatMap((resource) =>
    resource.endsWith('.yaml') ? documentsIn(`${folder}${resource}`) : documentsBelow(`${folder}${resource}/`),
  );
}

export function documentsIn(file: string): Document[] {
  return parseAllDocuments(read(file)).map((parsed) => document.parse(parsed.toJS()));
}

export const DOCUMENTS = documentsBelow('');
export const EXAMPLE_SECRET = documentsIn('secret.example.yaml');

const SETTINGS = parseEnv(read('settings/settings.env'));

const securityContext = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
});

const probe = z.looseObject({ httpGet: z.strictObject({ path: z.string(), port: z.string() }) });

const podSpec = z.looseObject({
  serviceAccountName: z.literal('countersign'),
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: z.number().default(30),
  securityContext: z.looseObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.literal(1000),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([
    z.looseObject({
      image: z.string(),
      command: z.tuple([z.literal('node'), z.string()]),
      env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
      ports: z.array(z.strictObject({ name: z.string(), containerPort: z.number() })).default([]),
      startupProbe: probe.optional(),
      livenessProbe: probe.optional(),
      readinessProbe: probe.optional(),
      resources: z.object({
        requests: z.object({ cpu: z.string(), memory: z.string() }),
        limits: z.object({ memory: z.string() }),
      }),
      securityContext,
    }),
  ]),
  volumes: z.array(
    z.looseObject({
      name: z.string(),
      secret: z.object({ items: z.array(z.object({ key: z.string(), path: z.string() })) }).optional(),
    }),
  ),
});
const workload = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: podSpec }) }) });

export type Pod = z.output<typeof podSpec>;

/** The pod of a Deployment or a Job; throws where it is less locked down than it must be. */
export const podOf = (found: Document): Pod => workload.parse(found).spec.template.spec;

export const WORKLOADS = DOCUMENTS.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');

/** What the container's process has in its environment; files of the secret stand as their key. */
export function environmentOf(pod: Pod): Record<string, string | undefined> {
  const [{ env }] = pod.containers;
  return { ...SETTINGS, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) };
}

const READ_BY_LIBRARIES = /^(TEMPORAL_(ADDRESS|NAMESPACE)|AWS_REGION)$/;

/** Variables of its own that a process does not read; those that all share are looked at together. */
export function unreadBy(pod: Pod): string[] {
  const [{ command, env }] = pod.containers;
  const process = PROCESSES[command[1]];
  if (!process) return [`runs no process of ours: ${command.join(' ')}`];
  const names = namesReadBy(process);
  return env.map(({ name }) => name).filter((name) => !names.has(name) && !READ_BY_LIBRARIES.test(name));
}

/** Shared settings that no process reads. */
export function unreadSettings(): string[] {
  const names = new Set(Object.values(PROCESSES).flatMap((process) => [...namesReadBy(process)]));
  return Object.keys(SETTINGS).filter((name) => !names.has(name) && !READ_BY_LIBRARIES.test(name));
}

/** Files of the secret that a variable names and the pod does not mount. */
export function missingSecrets(pod: Pod): string[] {
  const mounted = pod.volumes.flatMap(({ secret }) => secret?.items.map(({ path }) => path) ?? []);
  const [{ env }] = pod.containers;
  return env
    .filter(({ name }) => name.endsWith('_FILE'))
    .map(({ value }) => value.replace('/run/secrets/countersign/', ''))
    .filter((file) => !mounted.includes(file));
}
