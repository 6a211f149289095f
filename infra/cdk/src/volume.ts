import { Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { tagsOf, withoutUndefined } from './render';

/** An EBS volume that ECS makes for each task, for a volume of the task definition with `configuredAtLaunch`. */
export interface TaskVolume {
  /** The name of the volume in the task definition. */
  readonly name: string;

  /** The role with which ECS makes the volume, as `AmazonECSInfrastructureRolePolicyForVolumes` allows it. */
  readonly role: iam.IRole;

  /**
   * The size.
   *
   * @default - that of the snapshot
   */
  readonly size?: Size;

  /**
   * The id of the snapshot that the volume is made of.
   *
   * @default - an empty volume
   */
  readonly snapshotId?: string;

  /**
   * MiB/s at which the volume is filled from its snapshot, 100 to 300.
   *
   * @default - that of EBS
   */
  readonly volumeInitializationRate?: number;

  /**
   * The type of the volume.
   *
   * @default - gp3
   */
  readonly volumeType?: ec2.EbsDeviceVolumeType;

  /**
   * Whether the volume is encrypted.
   *
   * @default - as the account says
   */
  readonly encrypted?: boolean;

  /**
   * The key that encrypts it.
   *
   * @default - that of the account
   */
  readonly kmsKey?: kms.IKey;

  /**
   * Operations a second.
   *
   * @default - those of the type
   */
  readonly iops?: number;

  /**
   * MiB/s.
   *
   * @default - that of the type
   */
  readonly throughput?: number;

  /**
   * The file system.
   *
   * @default - xfs; on Windows ntfs
   */
  readonly fileSystemType?: ecs.FileSystemType;

  /**
   * Whether the volume goes when the task ends.
   *
   * @default true
   */
  readonly deleteOnTermination?: boolean;

  /**
   * Tags of the volume.
   *
   * @default - none
   */
  readonly tags?: { [key: string]: string };

  /**
   * Where further tags of the volume come from.
   *
   * @default - from nowhere
   */
  readonly propagateTags?: ecs.PropagatedTagSource;
}

/** The volume as it stands in a template. */
export function volumeConfiguration(volume: TaskVolume): object {
  const hasTags = volume.tags !== undefined || volume.propagateTags !== undefined;
  return {
    Name: volume.name,
    ManagedEBSVolume: withoutUndefined({
      Encrypted: volume.encrypted,
      KmsKeyId: volume.kmsKey?.keyArn,
      VolumeType: volume.volumeType,
      SizeInGiB: volume.size?.toGibibytes(),
      SnapshotId: volume.snapshotId,
      VolumeInitializationRate: volume.volumeInitializationRate,
      Iops: volume.iops,
      Throughput: volume.throughput,
      TagSpecifications: hasTags
        ? [
            withoutUndefined({
              ResourceType: 'volume',
              Tags: volume.tags && tagsOf(volume.tags),
              PropagateTags: volume.propagateTags,
            }),
          ]
        : undefined,
      RoleArn: volume.role.roleArn,
      TerminationPolicy:
        volume.deleteOnTermination === undefined ? undefined : { DeleteOnTermination: volume.deleteOnTermination },
      FilesystemType: volume.fileSystemType,
    }),
  };
}
