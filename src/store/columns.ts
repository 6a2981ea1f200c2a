/** What is read of a table's rows, said once: fields by their columns, for SQL and for Prisma. */
export type Columns<Model> = Partial<Record<keyof Model, string>>;

/** The columns under their fields' names, as SQL selects them. */
export function columnsAs(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, column]) => `${column} AS "${name}"`)
    .join(', ');
}

/** The same fields as Prisma selects them. */
export function selectionOf<const Fields extends Readonly<Record<string, string>>>(
  columns: Fields,
): { [Name in keyof Fields]: true } {
  return Object.fromEntries(Object.keys(columns).map((name) => [name, true])) as { [Name in keyof Fields]: true };
}
