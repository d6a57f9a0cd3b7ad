//go:build darwin || linux

package mtl

import "github.com/metallic-sched/metallic-sched/device/metal/objc"

// selector is an index into selectors.
type selector int

const (
	selAlloc selector = iota
	selInit
	selRetain
	selRelease
	selRespondsToSelector
	selStringWithUTF8String
	selUTF8String
	selFirstObject
	selLocalizedDescription
	selDomain
	selCode

	selName
	selSupportsFamily
	selHasUnifiedMemory
	selMaxBufferLength
	selRecommendedMaxWorkingSetSize
	selMaxThreadsPerThreadgroup
	selMaxThreadgroupMemoryLength
	selNewBufferWithLength
	selNewBufferWithBytesNoCopy
	selNewLibraryWithSource
	selNewComputePipelineState
	selNewCommandQueue
	selNewResidencySet

	selContents
	selLength

	selSetLanguageVersion
	selSetFastMathEnabled
	selSetMathMode
	selSetMathFloatingPointFunctions
	selSetConstantValue
	selNewFunctionWithName
	selMaxTotalThreadsPerThreadgroup
	selThreadExecutionWidth
	selStaticThreadgroupMemoryLength

	selCommandBuffer
	selCommandBufferUnretained
	selAddResidencySet
	selRemoveResidencySet
	selAddAllocation
	selRemoveAllocation
	selRequestResidency
	selEndResidency

	selComputeCommandEncoder
	selAddCompletedHandler
	selCommit
	selWaitUntilCompleted
	selStatus
	selError
	selGPUStartTime
	selGPUEndTime

	selSetComputePipelineState
	selSetBuffer
	selSetBytes
	selSetThreadgroupMemoryLength
	selDispatchThreadgroups
	selMemoryBarrier
	selEndEncoding

	selMatrixDescriptor
	selInitMatrix
	selInitMatrixMultiplication
	selEncodeMatrixMultiplication
)

var selectorNames = [...]string{
	selAlloc:                "alloc",
	selInit:                 "init",
	selRetain:               "retain",
	selRelease:              "release",
	selRespondsToSelector:   "respondsToSelector:",
	selStringWithUTF8String: "stringWithUTF8String:",
	selUTF8String:           "UTF8String",
	selFirstObject:          "firstObject",
	selLocalizedDescription: "localizedDescription",
	selDomain:               "domain",
	selCode:                 "code",

	selName:                         "name",
	selSupportsFamily:               "supportsFamily:",
	selHasUnifiedMemory:             "hasUnifiedMemory",
	selMaxBufferLength:              "maxBufferLength",
	selRecommendedMaxWorkingSetSize: "recommendedMaxWorkingSetSize",
	selMaxThreadsPerThreadgroup:     "maxThreadsPerThreadgroup",
	selMaxThreadgroupMemoryLength:   "maxThreadgroupMemoryLength",
	selNewBufferWithLength:          "newBufferWithLength:options:",
	selNewBufferWithBytesNoCopy:     "newBufferWithBytesNoCopy:length:options:deallocator:",
	selNewLibraryWithSource:         "newLibraryWithSource:options:error:",
	selNewComputePipelineState:      "newComputePipelineStateWithFunction:error:",
	selNewCommandQueue:              "newCommandQueue",
	selNewResidencySet:              "newResidencySetWithDescriptor:error:",

	selContents: "contents",
	selLength:   "length",

	selSetLanguageVersion:            "setLanguageVersion:",
	selSetFastMathEnabled:            "setFastMathEnabled:",
	selSetMathMode:                   "setMathMode:",
	selSetMathFloatingPointFunctions: "setMathFloatingPointFunctions:",
	selSetConstantValue:              "setConstantValue:type:atIndex:",
	selNewFunctionWithName:           "newFunctionWithName:constantValues:error:",
	selMaxTotalThreadsPerThreadgroup: "maxTotalThreadsPerThreadgroup",
	selThreadExecutionWidth:          "threadExecutionWidth",
	selStaticThreadgroupMemoryLength: "staticThreadgroupMemoryLength",

	selCommandBuffer:           "commandBuffer",
	selCommandBufferUnretained: "commandBufferWithUnretainedReferences",
	selAddResidencySet:         "addResidencySet:",
	selRemoveResidencySet:      "removeResidencySet:",
	selAddAllocation:           "addAllocation:",
	selRemoveAllocation:        "removeAllocation:",
	selRequestResidency:        "requestResidency",
	selEndResidency:            "endResidency",

	selComputeCommandEncoder: "computeCommandEncoderWithDispatchType:",
	selAddCompletedHandler:   "addCompletedHandler:",
	selCommit:                "commit",
	selWaitUntilCompleted:    "waitUntilCompleted",
	selStatus:                "status",
	selError:                 "error",
	selGPUStartTime:          "GPUStartTime",
	selGPUEndTime:            "GPUEndTime",

	selSetComputePipelineState:    "setComputePipelineState:",
	selSetBuffer:                  "setBuffer:offset:atIndex:",
	selSetBytes:                   "setBytes:length:atIndex:",
	selSetThreadgroupMemoryLength: "setThreadgroupMemoryLength:atIndex:",
	selDispatchThreadgroups:       "dispatchThreadgroups:threadsPerThreadgroup:",
	selMemoryBarrier:              "memoryBarrierWithScope:",
	selEndEncoding:                "endEncoding",

	selMatrixDescriptor:           "matrixDescriptorWithRows:columns:matrices:rowBytes:matrixBytes:dataType:",
	selInitMatrix:                 "initWithBuffer:offset:descriptor:",
	selInitMatrixMultiplication:   "initWithDevice:transposeLeft:transposeRight:resultRows:resultColumns:interiorColumns:alpha:beta:",
	selEncodeMatrixMultiplication: "encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:",
}

type selectors [len(selectorNames)]objc.SEL

func registered(r *objc.Runtime) (s selectors) {
	for i, name := range selectorNames {
		s[i] = r.Sel(name)
	}
	return s
}
