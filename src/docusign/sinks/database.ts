/** What the sink needs of a PostgreSQL; the database of the deals fits. Rows are plain objects by column. */
export interface SinkQueryable {
  query<Row extends Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface SinkDatabase extends SinkQueryable {
  /** All of `work` or nothing. */
  transaction<T>(work: (tx: SinkQueryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
