import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configurationOf, connectionsOf, portNames, servicesOf } from '../../cluster/configuration.js';

const members = servicesOf(2);
const ports = Object.fromEntries(portNames(members).map((name, index) => [name, 20_000 + index]));

interface Configuration {
  persistence: {
    numHistoryShards: number;
    datastores: Record<string, { sql: { connectAddr: string; maxConns: number } }>;
  };
  services: Record<string, { rpc: Record<string, number | boolean> }>;
}

function read(index: number): Configuration {
  const member = members[index];
  if (member === undefined) throw new Error('no such member');
  return parse(configurationOf(member, { shards: 8, ports }, '/dynamic.yaml')) as Configuration;
}

describe('the configuration of a cluster', () => {
  it('has two of each service, each with ports of its own', () => {
    expect(members.map(({ service, index }) => `${service}-${index}`)).toEqual(
      ['frontend', 'history', 'matching', 'worker'].flatMap((service) => [`${service}-0`, `${service}-1`]),
    );
    const own = members.flatMap(({ service }, index) => Object.values(read(index).services[service]?.rpc ?? {}));
    const numbers = own.filter((value) => typeof value === 'number');
    // gRPC and membership of eight, HTTP of the two frontends.
    expect(numbers).toHaveLength(18);
    expect(new Set(numbers).size).toBe(18);
  });

  it('lets every process know of all services, on loopback only', () => {
    for (const index of members.keys()) {
      const { services } = read(index);
      expect(Object.keys(services)).toEqual(['frontend', 'history', 'matching', 'worker']);
      for (const { rpc } of Object.values(services)) expect(rpc['bindOnLocalHost']).toBe(true);
    }
  });

  it('gives all of them the same shards and the same PostgreSQL, which takes as many connections as they may open', () => {
    const { persistence } = read(3);
    expect(persistence.numHistoryShards).toBe(8);
    const stores = Object.values(persistence.datastores).map(({ sql }) => sql);
    expect(new Set(stores.map(({ connectAddr }) => connectAddr))).toEqual(new Set([`127.0.0.1:${ports['postgres']}`]));
    const each = stores.reduce((sum, { maxConns }) => sum + maxConns, 0);
    expect(connectionsOf(members)).toBeGreaterThan(each * members.length);
  });
});
