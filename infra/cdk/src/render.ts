/** The members that are given. */
export function withoutUndefined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Tags as ECS has them. */
export function tagsOf(tags: Record<string, string>): object[] {
  return Object.entries(tags).map(([key, value]) => ({ Key: key, Value: value }));
}
