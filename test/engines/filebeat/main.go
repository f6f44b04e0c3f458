// Filebeat with the one input that the library writes: the shipped filebeat.yml is run on it.
package main

import (
	"os"

	"github.com/elastic/beats/v7/filebeat/beater"
	"github.com/elastic/beats/v7/filebeat/cmd"
	"github.com/elastic/beats/v7/filebeat/input/filestream"
	"github.com/elastic/beats/v7/filebeat/input/v2"
	"github.com/elastic/beats/v7/libbeat/beat"
	"github.com/elastic/elastic-agent-libs/logp"
)

func inputs(_ beat.Info, log *logp.Logger, store beater.StateStore) []v2.Plugin {
	return []v2.Plugin{filestream.Plugin(log, store)}
}

func main() {
	if err := cmd.Filebeat(inputs, cmd.FilebeatSettings("")).Execute(); err != nil {
		os.Exit(1)
	}
}
