/** What has to change for an update of the stack to run the task. */
export class UpdateCriterion {
  /** The task definition, with its revision. */
  public static readonly TASK_DEFINITION = new UpdateCriterion('TaskDefinition');
  /** The cluster. */
  public static readonly CLUSTER = new UpdateCriterion('Cluster');
  /** Command, environment and everything else that differs from the task definition. */
  public static readonly OVERRIDES = new UpdateCriterion('Overrides');

  /**
   * Variables of a container's environment, as the container sees them.
   *
   * @param container the name of the container
   * @param names the names of the variables
   */
  public static environment(container: string, ...names: string[]): UpdateCriterion {
    return new UpdateCriterion({ Container: container, EnvironmentKeys: names });
  }

  private constructor(private readonly value: string | object) {}

  /**
   * The value as it stands in a template.
   *
   * @internal
   */
  public _render(): string | object {
    return this.value;
  }
}
