/** The parts of js-yaml that documents are read with; in the package this file has their code inside. */
export {
  COLLECTION_STYLE,
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  EVENT_ID,
  type Event,
  getScalarValue,
  load,
  loadAll,
  mergeTag,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml';
