/** Every alarm of a reference environment reaches its topic. */
import { Template } from 'aws-cdk-lib/assertions';
import { mute } from '../support/alarm-topics';
import { REFERENCE_NAMES, reference } from '../support/reference';

test.each(REFERENCE_NAMES)('%s: no alarm is mute', (name) => {
  const template = Template.fromStack(reference(name));
  expect(Object.keys(template.findResources('AWS::CloudWatch::Alarm')).length).toBeGreaterThan(3);
  expect(mute(template.toJSON())).toEqual([]);
});
