/** An instance of Cloud Run as the components make it, unless the args say otherwise. */

/** vCPUs of an instance. */
export const INSTANCE_CPU = 1;

/** Memory of an instance in GiB. */
export const INSTANCE_GIB = 0.5;

/** The same in Cloud Run's notation. */
export const INSTANCE_MEMORY = `${INSTANCE_GIB * 1024}Mi`;
