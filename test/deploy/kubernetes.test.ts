/** The manifests of deploy/kubernetes: valid for the API, locked down, and in step with what the processes read and how long they take to end. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ROOT } from './compose-file.js';
import {
  DOCUMENTS,
  environmentOf,
  EXAMPLE_SECRET,
  KUSTOMIZATION,
  missingSecrets,
  podOf,
  unreadBy,
  unreadSettings,
  WORKLOADS,
  type Document,
} from './kubernetes-rules.js';
import { faultsOf, faultsOfScaledObject, validatorAtHand } from './kubernetes-schemas.js';

const why = await validatorAtHand();
if (why !== undefined) console.warn(`kubernetes-validate is not at hand, so the API schemas are not asked: ${why}`);

const scaling = DOCUMENTS.filter(({ kind }) => kind === 'ScaledObject');
const ofKubernetes = [...DOCUMENTS.filter(({ kind }) => kind !== 'ScaledObject'), ...EXAMPLE_SECRET];
const named = (name: string): Document => {
  const found = WORKLOADS.find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};
const source = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

describe('the manifests for Kubernetes', () => {
  it.skipIf(why !== undefined)(
    'are what the API takes, and the validator sees what it would not',
    async () => {
      const typo = JSON.parse(JSON.stringify(named('worker')).replace('"periodSeconds"', '"periodSecond"')) as unknown;
      const text = JSON.parse(JSON.stringify(named('worker')).replace('"replicas":2', '"replicas":"2"')) as unknown;
      const faults = await faultsOf([...ofKubernetes, typo, text]);
      expect(faults.slice(0, -2)).toEqual(ofKubernetes.map(() => null));
      expect(faults.at(-2)).toContain('periodSecond');
      expect(faults.at(-1)).toContain('replicas');
    },
    60_000,
  );

  it('scale the workers by what KEDA takes', () => {
    expect(scaling).toHaveLength(1);
    expect(scaling.flatMap(faultsOfScaledObject)).toEqual([]);
    const typo: unknown = JSON.parse(JSON.stringify(scaling[0]).replace('maxReplicaCount', 'maxReplicas'));
    expect(faultsOfScaledObject(typo).join()).toContain('additional properties');
    const trigger = z.object({ type: z.literal('temporal'), metadata: z.record(z.string(), z.string()) });
    const { spec } = z.object({ spec: z.object({ triggers: z.tuple([trigger]) }) }).parse(scaling[0]);
    const settings = environmentOf(podOf(named('worker')));
    expect(spec.triggers[0].metadata).toMatchObject({
      endpoint: settings.TEMPORAL_ADDRESS,
      namespace: settings.TEMPORAL_NAMESPACE,
      taskQueue: settings.TASK_QUEUE,
    });
  });

  it('set only variables that are read, and mount every secret that one of them names', () => {
    expect(unreadSettings()).toEqual([]);
    for (const found of WORKLOADS) {
      const pod = podOf(found);
      expect({ name: found.metadata.name, unread: unreadBy(pod), missing: missingSecrets(pod) }).toEqual({
        name: found.metadata.name,
        unread: [],
        missing: [],
      });
    }
    const broken = podOf(named('gateway'));
    broken.containers[0].env.push({ name: 'GATEWAY_TOKEN_FILE', value: '/run/secrets/countersign/token' });
    expect([unreadBy(broken), missingSecrets(broken)]).toEqual([['GATEWAY_TOKEN_FILE'], ['token']]);
  });

  it('have the secret’s example hold every key that is mounted', () => {
    const { stringData } = z.object({ stringData: z.record(z.string(), z.string()) }).parse(EXAMPLE_SECRET[0]);
    const mounted = WORKLOADS.flatMap((found) =>
      podOf(found).volumes.flatMap(({ secret }) => secret?.items.map(({ key }) => key) ?? []),
    );
    expect(new Set(mounted)).toEqual(new Set(Object.keys(stringData)));
  });

  it('run one pinned image', () => {
    expect(WORKLOADS.map((found) => podOf(found).containers[0].image)).toEqual(WORKLOADS.map(() => 'countersign'));
    const [image] = KUSTOMIZATION.images;
    expect(image?.name).toBe('countersign');
    expect(image?.newTag).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('ask the probes of ports and paths that are there', () => {
    const [routes, served] = [source('src/gateway/health-routes.ts'), source('src/health/server.ts')];
    for (const name of ['worker', 'gateway']) {
      const [{ ports, startupProbe, livenessProbe, readinessProbe }] = podOf(named(name)).containers;
      for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
        expect(ports.map((port) => port.name)).toContain(probe?.httpGet.port);
        expect(name === 'gateway' ? routes : served).toContain(`'${probe?.httpGet.path}'`);
      }
    }
  });

  it('leave each process the time that its own code takes to end', () => {
    const worker = podOf(named('worker'));
    const force = Number(/shutdownForceTime: '(\d+) seconds'/.exec(source('src/worker.ts'))?.[1]);
    expect(worker.terminationGracePeriodSeconds).toBeGreaterThan(force + 5);

    const gateway = podOf(named('gateway'));
    const last = Number(/LAST_REQUESTS_MS = (\d+)_000/.exec(source('src/gateway.ts'))?.[1]);
    const drain = Number(/'production' \? (\d)_000/.exec(source('src/config.ts'))?.[1]);
    expect(gateway.terminationGracePeriodSeconds).toBeGreaterThan(drain + last + 5);
  });

  it('keep their copies of the mapping files in step with those of the repository', () => {
    for (const [copy, original] of [
      ['deploy/kubernetes/settings/document-types.json', 'document-types.json'],
      ['deploy/kubernetes/settings/crm.json', 'deploy/crm.json'],
    ] as const)
      expect(source(copy)).toBe(source(original));
  });
});
