/** The client side of Temporal: one connection a process. */
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type WorkflowClientInterceptor,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { TemporalSettings } from '../config.js';
import { dataConverterOf } from './data-converter.js';
import { tenantsByTemporal } from './tenant-keys.js';

/** A repeat within a call bridges a blip; a longer outage is the caller's to hear of, who has a deadline of its own. */
const QUICK_RETRIES = defaultGrpcRetryOptions({ maxAttempts: 4, initialIntervalMs: () => 100 });

export interface TemporalClient {
  connection: Connection;
  client: Client;
  /** How the client writes payloads; workers must do it likewise. */
  dataConverter: DataConverter;
}

/**
 * A client whose connection is made at its first call and again after every loss, so a process starts and answers while
 * Temporal is away. The caller closes the connection. `interceptors` see every call of a workflow.
 */
export function openTemporal(
  { connectionOptions, namespace, payloadKeys }: TemporalSettings,
  interceptors: WorkflowClientInterceptor[] = [],
): TemporalClient {
  const { address, tls, apiKey, metadata } = connectionOptions;
  const connection = Connection.lazy({
    ...(address !== undefined && { address }),
    ...(tls !== undefined && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(metadata !== undefined && { metadata }),
    // gRPC waits up to two minutes between attempts by default: so long would deals be refused after Temporal is back.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 3_000 },
    interceptors: [makeGrpcRetryInterceptor(QUICK_RETRIES)],
  });
  const dataConverter = dataConverterOf(payloadKeys, tenantsByTemporal(connection, namespace));
  const client = new Client({ connection, namespace, dataConverter, interceptors: { workflow: interceptors } });
  return { connection, client, dataConverter };
}
