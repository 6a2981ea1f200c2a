/** What a query selects of a field, before the field is resolved: links of which only the id is wanted need no look into the store. */
import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql';

type Asked = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/** Whether nothing but `id` and `__typename` is selected. Fields that @skip or @include may leave out count as selected. */
export function selectsOnlyId({ fieldNodes, fragments }: Asked): boolean {
  const onlyId = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.every((selection) => {
      if (selection.kind === 'Field') return selection.name.value === 'id' || selection.name.value === '__typename';
      return onlyId(
        selection.kind === 'InlineFragment' ? selection.selectionSet : fragments[selection.name.value]?.selectionSet,
      );
    }) ?? false;
  return fieldNodes.every(({ selectionSet }) => onlyId(selectionSet));
}
