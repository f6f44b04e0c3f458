// What pstest leaves out of StreamingPull: the service sends a stream no more messages than max_outstanding_messages that are
// neither acknowledged nor returned, and whose lease has not ended. Without it one client takes in all that waits.
package main

import (
	"context"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// How often a full stream looks for leases that ended.
const look = 100 * time.Millisecond

// subscriber is pstest's, with streams that are limited.
type subscriber struct {
	pb.SubscriberServer
	mu sync.Mutex
	// holders has the stream of each message that is outstanding, by its ack id.
	holders map[string]*limitedStream
}

func newSubscriber(of pb.SubscriberServer) *subscriber {
	return &subscriber{SubscriberServer: of, holders: map[string]*limitedStream{}}
}

func (s *subscriber) StreamingPull(stream pb.Subscriber_StreamingPullServer) error {
	limited := &limitedStream{
		Subscriber_StreamingPullServer: stream,
		of:                             s,
		leases:                         map[string]time.Time{},
		freed:                          make(chan struct{}, 1),
	}
	defer limited.end()
	return s.SubscriberServer.StreamingPull(limited)
}

func (s *subscriber) Acknowledge(ctx context.Context, req *pb.AcknowledgeRequest) (*emptypb.Empty, error) {
	answer, err := s.SubscriberServer.Acknowledge(ctx, req)
	for _, id := range req.AckIds {
		s.lease(id, 0)
	}
	return answer, err
}

func (s *subscriber) ModifyAckDeadline(ctx context.Context, req *pb.ModifyAckDeadlineRequest) (*emptypb.Empty, error) {
	answer, err := s.SubscriberServer.ModifyAckDeadline(ctx, req)
	for _, id := range req.AckIds {
		s.lease(id, req.AckDeadlineSeconds)
	}
	return answer, err
}

// lease gives a message so many seconds from now; with 0 it is not outstanding any more.
func (s *subscriber) lease(id string, seconds int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	holder := s.holders[id]
	if holder == nil {
		return
	}
	if seconds > 0 {
		holder.leases[id] = time.Now().Add(time.Duration(seconds) * time.Second)
		return
	}
	delete(holder.leases, id)
	delete(s.holders, id)
	select {
	case holder.freed <- struct{}{}:
	default:
	}
}

// limitedStream waits with a message until there is room for it. Its maps are guarded by the subscriber's lock.
type limitedStream struct {
	pb.Subscriber_StreamingPullServer
	of           *subscriber
	most         int64
	leaseSeconds int32
	leases       map[string]time.Time
	freed        chan struct{}
}

func (s *limitedStream) Recv() (*pb.StreamingPullRequest, error) {
	req, err := s.Subscriber_StreamingPullServer.Recv()
	if err != nil {
		return req, err
	}
	s.of.mu.Lock()
	// Only the first request of a stream may set it.
	if req.Subscription != "" {
		s.most = req.MaxOutstandingMessages
	}
	if req.StreamAckDeadlineSeconds > 0 {
		s.leaseSeconds = req.StreamAckDeadlineSeconds
	}
	s.of.mu.Unlock()
	for _, id := range req.AckIds {
		s.of.lease(id, 0)
	}
	for i, id := range req.ModifyDeadlineAckIds {
		s.of.lease(id, req.ModifyDeadlineSeconds[i])
	}
	return req, nil
}

func (s *limitedStream) Send(res *pb.StreamingPullResponse) error {
	for _, message := range res.ReceivedMessages {
		for !s.take(message.AckId) {
			select {
			case <-s.Context().Done():
				return s.Context().Err()
			case <-s.freed:
			case <-time.After(look):
			}
		}
	}
	return s.Subscriber_StreamingPullServer.Send(res)
}

// take makes a message outstanding; false when as many are as the client wants.
func (s *limitedStream) take(id string) bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	now := time.Now()
	for held, until := range s.leases {
		if now.After(until) {
			delete(s.leases, held)
			delete(s.of.holders, held)
		}
	}
	// 0 or less is no limit.
	if s.most > 0 && int64(len(s.leases)) >= s.most {
		return false
	}
	s.leases[id] = now.Add(time.Duration(s.leaseSeconds) * time.Second)
	s.of.holders[id] = s
	return true
}

// end forgets what the stream still holds.
func (s *limitedStream) end() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	for id := range s.leases {
		delete(s.of.holders, id)
	}
}
