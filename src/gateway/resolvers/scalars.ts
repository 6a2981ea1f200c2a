/** The contract's own scalars. */

export const scalars = {
  /** Under the names by which resolvers set a scalar's functions. */
  DateTime: {
    __serialize: (value: unknown): string => {
      if (value instanceof Date) return value.toISOString();
      throw new TypeError('DateTime stands for Date values only.');
    },
  },
};
