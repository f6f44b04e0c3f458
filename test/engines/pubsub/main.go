// A Pub/Sub emulator: Google's own pstest, which the Go client is tested with, behind a port, with the flow control of the service.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
)

// The largest request of the service, 10 MB, and room for what is around it.
const largestRequest = 11_000_000

func main() {
	port := flag.Int("port", 8085, "port on the loopback interface; 0 takes a free one")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fake := pstest.NewServer()
	defer fake.Close()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(largestRequest))
	pb.RegisterPublisherServer(server, &fake.GServer)
	pb.RegisterSubscriberServer(server, newSubscriber(&fake.GServer))
	pb.RegisterSchemaServiceServer(server, &fake.GServer)
	go func() {
		if err := server.Serve(listener); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}()
	defer server.Stop()
	fmt.Println(listener.Addr())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	for got := range signals {
		if got != syscall.SIGUSR1 {
			return
		}
		fmt.Println(unacknowledged(fake))
	}
}

// unacknowledged says as JSON how many messages of each topic nobody has acknowledged, by how often they were delivered. Pub/Sub
// has no call for that.
func unacknowledged(fake *pstest.Server) string {
	counts := map[string]map[int]int{}
	for _, message := range fake.Messages() {
		if counts[message.Topic] == nil {
			counts[message.Topic] = map[int]int{}
		}
		if message.Acks == 0 {
			counts[message.Topic][message.Deliveries]++
		}
	}
	text, err := json.Marshal(map[string]any{"unacknowledged": counts})
	if err != nil {
		panic(err)
	}
	return string(text)
}
